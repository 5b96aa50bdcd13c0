"""What all augmentations have in common: how they are called, and how Keras saves them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from nlgan_tf.config import Option

Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

STRENGTH = Option("Size of a change", least=0)
SHARE = Option("Share of the images, or of a side", least=0, most=1)


class Configured:
    """The part of an augmentation, a dataclass, that Keras saves and loads: its fields."""

    def get_config(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict) -> Configured:
        return cls(**config)
