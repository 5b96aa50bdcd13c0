"""An NLGAN as a `.keras` file: its networks, its settings and its three optimizers."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.compat.quiet import without_saving_notes
from nlgan_tf.data.noise import ESTIMATE, NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.gan.players import NETWORKS, OPTIMIZERS

if TYPE_CHECKING:
    from nlgan_tf.gan.model import NLGAN


class SavedWithOptimizers:
    """The part of NLGAN that saves, and that Keras asks for configurations when it saves and loads."""

    def save(self, filepath: str | os.PathLike, *args, **kwargs) -> None:
        """As `keras.Model.save`, to a `.keras` file alone.

        Raises:
            InputError: For another file name.
        """
        if not str(filepath).endswith(".keras"):
            raise InputError(
                f"Expected a file name that ends in .keras, got {filepath}: other formats save no NLGAN; "
                "save_weights writes .weights.h5, and export a SavedModel"
            )
        super().save(filepath, *args, **kwargs)

    def export(self, filepath: str | os.PathLike, *args, **kwargs) -> None:
        """As `keras.Model.export`: float32 images in [0, 255] -> P(positive), with today's priors.

        `export_classifier` and `export_generator` write what TF Serving is given.
        """
        self.known_priors()
        image_shape = self.positive_generator.output_shape[1:]
        kwargs.setdefault("input_signature", [tf.TensorSpec((None, *image_shape), tf.float32, name="images")])
        with without_saving_notes():
            super().export(filepath, *args, **kwargs)

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "dtype": serialize(self.dtype_policy),
            **{network: serialize(getattr(self, network)) for network in NETWORKS},
            "priors": self.priors if self.priors == ESTIMATE else dataclasses.asdict(self.priors),
            "latent": self.latent,
            "augment": self.augment and serialize(self.augment),
            "seed": self.seed,
            "ema": self.ema,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> NLGAN:
        deserialize = keras.saving.deserialize_keras_object
        objects = {
            name: deserialize(config[name], custom_objects=custom_objects)
            for name in (*NETWORKS, "augment")
            if config[name] is not None
        }
        priors = config["priors"]
        return cls(**{**config, **objects, "priors": priors if priors == ESTIMATE else NoisePriors(**priors)})

    def get_compile_config(self) -> dict | None:
        if not self.compiled:
            return None
        return {
            "alpha": self.alpha,
            "beta": self.beta,
            "loss": self.loss_metric,
            "generator_dropout": self.generator_dropout,
            **{name: keras.saving.serialize_keras_object(getattr(self, name)) for name in OPTIMIZERS},
        }

    def compile_from_config(self, config: dict) -> None:
        optimizers = {name: keras.saving.deserialize_keras_object(config[name]) for name in OPTIMIZERS}
        self.compile(**{**config, **optimizers})
