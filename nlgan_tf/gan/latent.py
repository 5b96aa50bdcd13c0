"""z, the input of the generators (paper, sections 1 and 3.1)."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.config import LATENTS
from nlgan_tf.errors import InputError


def check_latent(latent: str) -> str:
    """Returns `latent` if the name is a distribution of z; InputError otherwise."""
    if latent not in LATENTS:
        raise InputError(f"Expected latent to be one of {', '.join(LATENTS)}; got {latent!r}")
    return latent


def draw_latent(n: int | tf.Tensor, latent_dim: int, latent: str, seed: tf.Tensor) -> tf.Tensor:
    """Returns n values of z, float32, shape (n, latent_dim): uniform in (-1, 1), or standard normal.

    Args:
        n: Number of values.
        latent_dim: Length of z.
        latent: Distribution of z, "uniform" or "normal".
        seed: Integer pair: the same pair gives the same z, and a longer draw begins with the shorter.
    """
    if check_latent(latent) == "normal":
        return tf.random.stateless_normal((n, latent_dim), seed)
    return tf.random.stateless_uniform((n, latent_dim), seed, minval=-1.0)
