"""Discriminator of the paper's section 3.1, after DCGAN (Radford et al. 2016)."""

from __future__ import annotations

from collections.abc import Iterator

from nlgan_tf.compat.installed import DEFAULT_SPECTRAL_NORM
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import SPECTRAL_LAYERS
from nlgan_tf.errors import InputError
from nlgan_tf.networks.attention import SelfAttention
from nlgan_tf.networks.dropout import CountedDropout
from nlgan_tf.networks.layers import BatchNormalization, Dense, LeakyReLU
from nlgan_tf.networks.shapes import FILTERS, HIDDEN_UNITS, check_image_shape, check_levels, layer_seeds, scaled
from nlgan_tf.networks.spectral import spectral_normalize


def build_discriminator(
    image_shape: tuple[int, int, int],
    spectral_norm: str | None = DEFAULT_SPECTRAL_NORM,
    dropout: float = 0.5,
    width: float = 1.0,
    *,
    spectral_layers: str = "convolutions",
    batch_norm: bool = False,
    attention: bool = False,
    levels: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds D: stride-2 convolutions of 64, 128 (and 256) 3x3 filters, FC 1024, dropout, FC 1.

    Args:
        image_shape: Shape (h, w, c), h and w divisible by 4, or by 8 for three levels.
        spectral_norm: Implementation of spectral normalisation: "exact", "keras", "addons" or None (see
            `spectral_normalize`).
        dropout: Rate of dropout in the hidden FC layer, in [0, 1).
        width: Factor on every layer's size.
        spectral_layers: Layers that are normalised: "convolutions", as in the paper, or "all".
        batch_norm: Whether all convolutions but the first have batch norm, as in DCGAN.
        attention: Whether SAGAN's self-attention follows the first convolution.
        levels: Number of convolutions; by default 3 for colour images of sides divisible by 8, else 2 (section 3.1).
        seed: Seed of the initial weights and the dropout masks.

    Returns:
        A functional model: float32 images in [-1, 1], shape (n, h, w, c) -> logits, shape (n, 1).

    Raises:
        InputError: For a shape, name or rate that is not accepted.
    """
    if spectral_layers not in SPECTRAL_LAYERS:
        raise InputError(f"Expected spectral_layers to be one of {', '.join(SPECTRAL_LAYERS)}; got {spectral_layers!r}")
    levels = check_levels(levels, image_shape, most=len(FILTERS))
    image_shape = check_image_shape(image_shape, divisor=2**levels)
    if not 0 <= dropout < 1:
        raise InputError(f"Expected dropout to be at least 0 and below 1, got {dropout}")
    seeds = layer_seeds(seed)
    fc_norm = spectral_norm if spectral_layers == "all" else None
    x = images = keras.Input(image_shape, name="images")
    for level, filters in enumerate(FILTERS[:levels], start=1):
        glorot = keras.initializers.GlorotUniform(seed=next(seeds))
        convolution = keras.layers.Conv2D(
            scaled(filters, width), 3, 2, "same", kernel_initializer=glorot, name=f"conv_{level}"
        )
        x = spectral_normalize(convolution, spectral_norm)(x)
        if batch_norm and level > 1:
            x = BatchNormalization(momentum=0.9, name=f"conv_{level}_norm")(x)
        x = LeakyReLU(0.2, name=f"conv_{level}_relu")(x)
        if attention and level == 1:
            x = SelfAttention(spectral_norm, next(seeds), name="attention")(x)
    logit = _fully_connected(x, scaled(HIDDEN_UNITS, width), dropout, fc_norm, seeds)
    return keras.Model(images, logit, name="discriminator")


def _fully_connected(x, units: int, dropout: float, spectral_norm: str | None, seeds: Iterator[int]):
    """FC, dropout, FC 1: feature maps -> logits, shape (n, 1)."""
    glorot = keras.initializers.GlorotUniform
    x = keras.layers.Flatten(name="flatten")(x)
    hidden = Dense(units, kernel_initializer=glorot(seed=next(seeds)), name="fc")
    x = spectral_normalize(hidden, spectral_norm)(x)
    x = LeakyReLU(0.2, name="fc_relu")(x)
    x = CountedDropout(dropout, seed=next(seeds), name="dropout")(x)
    # Logits in float32, also where the layers below compute in float16.
    output = Dense(1, kernel_initializer=glorot(seed=next(seeds)), dtype="float32", name="logit")
    return spectral_normalize(output, spectral_norm)(x)
