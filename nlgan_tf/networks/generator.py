"""Generators of the paper's section 3.1, after DCGAN (Radford et al. 2016)."""

from __future__ import annotations

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import BATCH_NORM_LAYERS
from nlgan_tf.errors import InputError
from nlgan_tf.networks.attention import SelfAttention
from nlgan_tf.networks.layers import BatchNormalization, Dense
from nlgan_tf.networks.shapes import (
    FILTERS,
    HIDDEN_UNITS,
    LATENT_DIM,
    check_image_shape,
    check_levels,
    layer_seeds,
    scaled,
)


def build_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = LATENT_DIM,
    width: float = 1.0,
    *,
    kernel_size: int = 4,
    batch_norm: str = "all",
    attention: bool = False,
    levels: int | None = None,
    seed: int = 0,
    name: str = "generator",
) -> keras.Model:
    """Builds G: FC 1024, FC, then stride-2 transposed convolutions that mirror D, tanh.

    Args:
        image_shape: Shape (h, w, c), h and w divisible by 4, or by 8 for three levels.
        latent_dim: Length of z; 100 in the paper.
        width: Factor on every layer's size.
        kernel_size: Side of the transposed kernels. 3, the paper's filter size, gives checkerboards.
        batch_norm: Hidden layers with batch norm: "transposed", the transposed convolutions as the paper says, or
            "all", the FC layers too.
        attention: Whether SAGAN's self-attention precedes the last transposed convolution.
        levels: Number of transposed convolutions; by default 3 for colour images of sides divisible by 8, else 2.
        seed: Seed of the initial weights.
        name: Name of the model.

    Returns:
        A functional model: float32 z, shape (n, latent_dim) -> float32 images in [-1, 1], shape (n, h, w, c).

    Raises:
        InputError: For a shape or name that is not accepted.
    """
    if batch_norm not in BATCH_NORM_LAYERS:
        raise InputError(f"Expected batch_norm to be one of {', '.join(BATCH_NORM_LAYERS)}; got {batch_norm!r}")
    levels = check_levels(levels, image_shape, most=len(FILTERS))
    height, breadth, channels = check_image_shape(image_shape, divisor=2**levels)
    seeds = layer_seeds(seed)

    def glorot():
        return keras.initializers.GlorotUniform(seed=next(seeds))

    *hidden_filters, top = [scaled(filters, width) for filters in FILTERS[:levels]]
    rows, columns = height // 2**levels, breadth // 2**levels
    x = z = keras.Input((latent_dim,), name="latent")
    for fc, units in enumerate((scaled(HIDDEN_UNITS, width), rows * columns * top), start=1):
        x = Dense(units, kernel_initializer=glorot(), name=f"fc_{fc}")(x)
        x = _activated(x, f"fc_{fc}", batch_norm == "all")
    x = keras.layers.Reshape((rows, columns, top), name="reshape")(x)
    for level, filters in enumerate(reversed(hidden_filters), start=1):
        x = keras.layers.Conv2DTranspose(
            filters, kernel_size, 2, "same", kernel_initializer=glorot(), name=f"deconv_{level}"
        )(x)
        x = _activated(x, f"deconv_{level}", normalised=True)
    if attention:
        x = SelfAttention(None, next(seeds), name="attention")(x)
    x = keras.layers.Conv2DTranspose(
        channels, kernel_size, 2, "same", kernel_initializer=glorot(), name=f"deconv_{levels}"
    )(x)
    return keras.Model(z, keras.layers.Activation("tanh", dtype="float32", name="images")(x), name=name)


def _activated(x, layer_name: str, normalised: bool):
    if normalised:
        x = BatchNormalization(momentum=0.9, name=f"{layer_name}_bn")(x)
    return keras.layers.ReLU(name=f"{layer_name}_relu")(x)
