"""An NLGAN as a `.keras` file: its networks, its settings and its three optimizers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.noise import ESTIMATE, NoisePriors
from nlgan_tf.gan.players import NETWORKS, OPTIMIZERS

if TYPE_CHECKING:
    from nlgan_tf.gan.model import NLGAN


class SavedWithOptimizers:
    """The part of NLGAN that Keras asks for configurations when it saves and loads."""

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "dtype": serialize(self.dtype_policy),
            **{network: serialize(getattr(self, network)) for network in NETWORKS},
            "priors": self.priors if self.priors == ESTIMATE else dataclasses.asdict(self.priors),
            "latent": self.latent,
            "augment": self.augment and serialize(self.augment),
            "seed": self.seed,
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
