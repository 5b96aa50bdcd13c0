"""Blocks of the batch-normalised classifiers."""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.dropout import CountedDropout
from nlgan_tf.networks.layers import BatchNormalization, Dense, LeakyReLU

SLOPE = 0.1
# Averages of some twenty steps: these classifiers train for a few hundred.
MOMENTUM = 0.95
DROPOUT = 0.3


def normalised_convolution(
    x: tf.Tensor, filters: int, seeds: Iterator[int], name: str, *, strides: int = 1, activation: bool = True
) -> tf.Tensor:
    """Returns x after a convolution 3x3 without bias, batch norm and, if asked for, LeakyReLU.

    Args:
        x: Symbolic images, shape (n, h, w, c).
        filters: Number of filters.
        seeds: Seeds of the network's layers.
        name: Name of the layers, after their kind.
        strides: Stride of the convolution.
        activation: Whether LeakyReLU follows.
    """
    x = convolution(x, filters, 3, seeds, f"conv_{name}", strides)
    x = BatchNormalization(momentum=MOMENTUM, name=f"norm_{name}")(x)
    return leaky_relu(x, name) if activation else x


def convolution(x: tf.Tensor, filters: int, side: int, seeds: Iterator[int], name: str, strides: int = 1) -> tf.Tensor:
    """Returns x after a convolution without bias, its first weights by He et al. 2015."""
    initializer = keras.initializers.HeNormal(seed=next(seeds))
    return keras.layers.Conv2D(
        filters, side, strides, "same", use_bias=False, kernel_initializer=initializer, name=name
    )(x)


def leaky_relu(x: tf.Tensor, name: str) -> tf.Tensor:
    """Returns x after LeakyReLU."""
    return LeakyReLU(SLOPE, name=f"relu_{name}")(x)


def pooled_logits(x: tf.Tensor, num_logits: int, seeds: Iterator[int]) -> tf.Tensor:
    """Returns logits, float32, shape (n, num_logits), of feature maps: global average, dropout and FC."""
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    x = CountedDropout(DROPOUT, seed=next(seeds), name="dropout")(x)
    initializer = keras.initializers.GlorotUniform(seed=next(seeds))
    return Dense(num_logits, kernel_initializer=initializer, dtype="float32", name="logits")(x)
