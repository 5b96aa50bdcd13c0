"""Exponential moving averages of an NLGAN's weights: what draws, predicts and is exported."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.gan.players import NETWORKS
from nlgan_tf.training.averaging import averaged_copy, follow


class WithAverages:
    """The part of NLGAN that keeps an average of each network as a network of its own, `averaged_<name>`.

    Without averages (`ema` = 0) the trained networks themselves draw and predict.
    """

    def _make_averages(self, ema: float) -> None:
        if not 0 <= ema < 1:
            raise InputError(f"Expected ema to be at least 0 and below 1, got {ema}")
        self.ema = float(ema)
        for name in NETWORKS:
            setattr(self, f"averaged_{name}", averaged_copy(getattr(self, name)) if ema else None)

    def _follow_averages(self, step: tf.Tensor) -> None:
        """Moves the averages towards the weights that the step left."""
        if self.ema:
            for name in NETWORKS:
                follow(getattr(self, f"averaged_{name}"), getattr(self, name), step, self.ema)

    # Methods, no properties: Keras walks properties when it saves, and would write their parts a second time.
    def judging_discriminator(self) -> keras.Model:
        """D of `predict`, the posterior and the watch: the averaged one, or D itself without averages."""
        return self._averaged("discriminator")

    def drawing_generators(self) -> dict[int, keras.Model]:
        """The generators that draw for `hallucinate`, the exports and the watch, by label."""
        return {1: self._averaged("positive_generator"), 0: self._averaged("negative_generator")}

    def _averaged(self, name: str) -> keras.Model:
        return getattr(self, f"averaged_{name}") if self.ema else getattr(self, name)
