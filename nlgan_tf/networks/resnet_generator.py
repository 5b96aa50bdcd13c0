"""A residual generator (Gulrajani et al. 2017; Miyato et al. 2018, "SNGAN"), for photographs."""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.attention import SelfAttention
from nlgan_tf.networks.layers import BatchNormalization, Dense
from nlgan_tf.networks.shapes import FILTERS, LATENT_DIM, check_image_shape, default_levels, layer_seeds, scaled


def build_resnet_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = LATENT_DIM,
    width: float = 1.0,
    *,
    attention: bool = False,
    seed: int = 0,
    name: str = "generator",
) -> keras.Model:
    """Builds G: FC, then residual blocks that double the map, batch norm, ReLU, conv 3x3, tanh.

    A block is batch norm, ReLU, doubling by nearest pixels, conv 3x3, batch norm, ReLU, conv 3x3, to which its input is
    added, doubled and by a convolution 1x1. Unlike transposed kernels no convolution here can leave a checkerboard.

    Args:
        image_shape: Shape (h, w, c), h and w divisible by 4.
        latent_dim: Length of z.
        width: Factor on every layer's size.
        attention: Whether SAGAN's self-attention precedes the last convolution.
        seed: Seed of the initial weights.
        name: Name of the model.

    Returns:
        A functional model: float32 z, shape (n, latent_dim) -> float32 images in [-1, 1], shape (n, h, w, c).

    Raises:
        InputError: For a shape or width that is not accepted.
    """
    levels = default_levels(image_shape)
    height, breadth, channels = check_image_shape(image_shape, divisor=2**levels)
    seeds = layer_seeds(seed)
    rows, columns = height // 2**levels, breadth // 2**levels
    *filters, top = [scaled(count, width) for count in FILTERS[:levels]]
    glorot = keras.initializers.GlorotUniform(seed=next(seeds))
    x = z = keras.Input((latent_dim,), name="latent")
    x = Dense(rows * columns * top, kernel_initializer=glorot, name="fc")(x)
    x = keras.layers.Reshape((rows, columns, top), name="reshape")(x)
    # The last two maps have equally many filters.
    for level, count in enumerate([*reversed(filters), filters[0]], start=1):
        x = _block(x, count, seeds, str(level))
    x = _activated(x, "output")
    if attention:
        x = SelfAttention(None, next(seeds), name="attention")(x)
    x = _convolution(x, channels, 3, seeds, "conv_output")
    return keras.Model(z, keras.layers.Activation("tanh", dtype="float32", name="images")(x), name=name)


def _block(x: tf.Tensor, filters: int, seeds: Iterator[int], name: str) -> tf.Tensor:
    y = keras.layers.UpSampling2D(2, name=f"doubled_{name}")(_activated(x, f"{name}a"))
    y = _convolution(y, filters, 3, seeds, f"conv_{name}a")
    y = _convolution(_activated(y, f"{name}b"), filters, 3, seeds, f"conv_{name}b")
    # A convolution 1x1 before the doubling gives what one after it would, for a quarter of the work.
    x = _convolution(x, filters, 1, seeds, f"shortcut_{name}")
    x = keras.layers.UpSampling2D(2, name=f"shortcut_doubled_{name}")(x)
    return keras.layers.Add(name=f"sum_{name}")([x, y])


def _convolution(x: tf.Tensor, filters: int, side: int, seeds: Iterator[int], name: str) -> tf.Tensor:
    glorot = keras.initializers.GlorotUniform(seed=next(seeds))
    return keras.layers.Conv2D(filters, side, padding="same", kernel_initializer=glorot, name=name)(x)


def _activated(x: tf.Tensor, name: str) -> tf.Tensor:
    x = BatchNormalization(momentum=0.9, name=f"norm_{name}")(x)
    return keras.layers.ReLU(name=f"relu_{name}")(x)
