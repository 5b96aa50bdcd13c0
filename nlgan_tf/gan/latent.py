"""z, the input of the generators (paper, sections 1 and 3.1)."""

from __future__ import annotations

import math

import tensorflow as tf

from nlgan_tf.config import LATENTS
from nlgan_tf.errors import InputError
from nlgan_tf.training import replicas

# Purposes that a step draws random numbers for. The z of each further generator would take the next number.
Z_OF_FIRST, _Z_OF_SECOND, AUGMENT_REAL, AUGMENT_FAKE = range(4)
# Uniform z nearer to the ends of (-1, 1) are moved here, where the normal quantile is finite in float32.
OUTERMOST = 1 - 1e-6


def check_latent(latent: str) -> str:
    """Returns `latent` if the name is a distribution of z; InputError otherwise."""
    if latent not in LATENTS:
        raise InputError(f"Expected latent to be one of {', '.join(LATENTS)}; got {latent!r}")
    return latent


def step_seed(seed: int, step: tf.Variable, purpose: int) -> tf.Tensor:
    """Returns the integer pair by which a training step draws for a purpose: of z or augmentation, for each replica."""
    state = tf.stack([tf.constant(seed, tf.int64), tf.convert_to_tensor(step)])
    return replicas.own_seed(tf.random.experimental.stateless_fold_in(state, purpose))


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


def latent_path(start: tf.Tensor, end: tf.Tensor, steps: int, latent: str) -> tf.Tensor:
    """Returns points on a path from one z to another that are each distributed as z, where `start` and `end` are drawn.

    Normal z move on an arc, cos(a) start + sin(a) end for angles a from 0 to pi/2, whose points are standard normal
    too; the middle of a straight line is shorter than z. Uniform z take the same path through their normal quantiles.

    Args:
        start, end: Values of z, float32, shape (latent_dim,); drawn independently of each other.
        steps: Number of points, at least 2.
        latent: Distribution of z, "uniform" or "normal".

    Returns:
        float32 points, shape (steps, latent_dim), the first `start` and the last `end`.
    """
    if steps < 2:
        raise InputError(f"Expected steps to be at least 2, got {steps}")
    uniform = check_latent(latent) == "uniform"
    if uniform:
        start, end = (math.sqrt(2) * tf.math.erfinv(tf.clip_by_value(z, -OUTERMOST, OUTERMOST)) for z in (start, end))
    angles = tf.linspace(0.0, math.pi / 2, steps)[:, tf.newaxis]
    points = tf.cos(angles) * start + tf.sin(angles) * end
    return tf.math.erf(points / math.sqrt(2)) if uniform else points
