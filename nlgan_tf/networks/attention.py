"""Self-attention of SAGAN (Zhang et al. 2019), which the paper cites and does not use."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.spectral import spectral_normalize


@keras.saving.register_keras_serializable(package="nlgan_tf")
class SelfAttention(keras.layers.Layer):
    """Computes y = gamma o + x, where o attends from each position of x to all others; gamma starts at 0.

    With f, g (c/8 channels) and h (c/2) 1x1 convolutions of x, pooled to half the sides in g and h as in the source's
    code, and v a 1x1 convolution back to c: o = v(softmax(f(x) g(x)^T) h(x)).

    Args:
        spectral_norm: Implementation of the four convolutions' spectral normalisation, see `spectral_normalize`.
        seed: Seed of the first convolution's weights; the others take the next three numbers.
    """

    def __init__(self, spectral_norm: str | None = None, seed: int = 0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.spectral_norm = spectral_norm
        self.seed = seed
        self.pool = keras.layers.MaxPooling2D(2, padding="same")

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        inner = max(1, channels // 8), max(1, channels // 8), max(1, channels // 2)
        self.f, self.g, self.h = (self._convolution(*named) for named in zip("fgh", inner, range(3), strict=True))
        self.v = self._convolution("v", channels, 3)
        for convolution in (self.f, self.g, self.h):
            convolution.build(input_shape)
        self.v.build((*input_shape[:-1], inner[-1]))
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="zeros")

    def _convolution(self, name: str, filters: int, offset: int) -> keras.layers.Layer:
        initializer = keras.initializers.GlorotUniform(seed=self.seed + offset)
        layer = keras.layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=initializer, name=name)
        return spectral_normalize(layer, self.spectral_norm)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        queries = _as_rows(self.f(inputs, training=training))
        keys = _as_rows(self.pool(self.g(inputs, training=training)))
        values = _as_rows(self.pool(self.h(inputs, training=training)))
        attended = tf.matmul(tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True)), values)
        shape = tf.concat([tf.shape(inputs)[:-1], [values.shape[-1]]], axis=0)
        o = self.v(tf.reshape(attended, shape), training=training)
        return tf.cast(self.gamma, inputs.dtype) * o + inputs

    def get_config(self) -> dict:
        return {**super().get_config(), "spectral_norm": self.spectral_norm, "seed": self.seed}


def _as_rows(maps: tf.Tensor) -> tf.Tensor:
    """(n, h, w, c) -> (n, h w, c)."""
    return tf.reshape(maps, (tf.shape(maps)[0], -1, maps.shape[-1]))
