"""Dropout whose random state is a weight, so that a saved model continues with the masks of an undisturbed training."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.training import replicas


@keras.saving.register_keras_serializable(package="nlgan_tf")
class CountedDropout(keras.layers.Dropout):
    """Keras's Dropout with masks drawn from (seed, number of training calls so far).

    The random state of Keras's own layer is no weight, and is missing in `.keras` files and checkpoints (Keras 3.15).
    """

    def build(self, input_shape: tuple) -> None:
        self.calls = self.add_weight(name="calls", shape=(), dtype="int64", initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or self.rate == 0:
            return inputs
        seed = replicas.own_seed(tf.stack([tf.constant(self.seed or 0, tf.int64), tf.convert_to_tensor(self.calls)]))
        with tf.control_dependencies([inputs]):  # No input, no call: a set may turn out to be at its end.
            self.calls.assign_add(1)
        kept = tf.random.stateless_uniform(tf.shape(inputs), seed) >= self.rate
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros_like(inputs))
