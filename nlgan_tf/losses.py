"""Equations (1) to (5) of the paper, as pure functions of D's logits.

D follows the paper: D's output is driven to 0 on positives and to 1 on negatives. Arguments are logits of any shape,
results float32 scalars. Expectations are means within each argument, and an empty argument adds 0. Under a
tf.distribute strategy the mean of the replicas' results is the loss, however the batch was split. H is the binary cross
entropy ("bce"), or the squared error of the probability ("mse", the paper's alternative at the end of section 2.2.1).
"""

from __future__ import annotations

import math
import numbers

import tensorflow as tf

from nlgan_tf.config import LOSSES
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.training import replicas

# H by its names, of logits and targets of one shape.
H = {
    "bce": lambda logits, targets: tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits),
    "mse": lambda logits, targets: tf.square(tf.sigmoid(logits) - targets),
}


def check_metric(metric: str) -> str:
    """Returns `metric` if H may be of this name; InputError otherwise."""
    if metric not in LOSSES:
        raise InputError(f"Expected loss to be one of {', '.join(LOSSES)}; got {metric!r}")
    return metric


def check_alpha(alpha: float) -> float:
    """Returns the weight of the noisy-label terms of eq. (5) as a float; InputError unless above 0."""
    if not isinstance(alpha, numbers.Real) or not 0 < alpha < math.inf:
        raise InputError(f"Expected alpha to be a finite number above 0, got {alpha!r}")
    return float(alpha)


def check_beta(beta: float) -> float:
    """Returns the weight of the adversarial terms of eq. (5) as a float; InputError unless at least 0."""
    if not isinstance(beta, numbers.Real) or not 0 <= beta < math.inf:
        raise InputError(f"Expected beta to be a finite number of at least 0, got {beta!r}")
    return float(beta)


def h(logits: tf.Tensor, target: float, metric: str = "bce") -> tf.Tensor:
    """H(D(x), target) of each image, where D(x) = sigmoid(logits): float32, the shape of the logits.

    Args:
        logits: Logits of D, any shape and float dtype.
        target: Label in [0, 1] that D's output is compared with.
        metric: Name of H, "bce" or "mse".
    """
    check_metric(metric)
    logits = tf.cast(logits, tf.float32)
    return H[metric](logits, tf.fill(tf.shape(logits), float(target)))


def expected_h(logits: tf.Tensor, target: float, metric: str = "bce") -> tf.Tensor:
    """E[H(D(x), target)], the mean of `h`; 0 without images. Arguments are those of `h`."""
    values = h(logits, target, metric)
    return tf.math.divide_no_nan(tf.reduce_sum(values), replicas.mean(tf.cast(tf.size(values), tf.float32)))


def gan_value(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Eq. (1): V(G, D) = E[-H(D(x_R), 1)] + E[-H(D(G(z)), 0)], which D maximises and G minimises.

    D follows the plain GAN in this function alone: 1 on real and 0 on generated images. Arguments are logits.
    """
    return -expected_h(real, 1.0) - expected_h(fake, 0.0)


def noisy_loss(noisy_p: tf.Tensor, noisy_n: tf.Tensor, metric: str = "bce") -> tf.Tensor:
    """Eq. (2): L_Noisy(D) = E[H(D(x_P^), 0)] + E[H(D(x_N^), 1)] on noisy positives and negatives. Logits."""
    return expected_h(noisy_p, 0.0, metric) + expected_h(noisy_n, 1.0, metric)


def clean_equivalent_loss(
    clean_p: tf.Tensor, clean_n: tf.Tensor, priors: NoisePriors, metric: str = "bce"
) -> tf.Tensor:
    """Eq. (3), the right side: eq. (2) in terms of the clean distributions. Logits.

    (pi_p + 1 - pi_n) E[H(D(x_P), delta_p)] + (1 - pi_p + pi_n) E[H(D(x_N), delta_n)].
    Equal to eq. (2) for "bce"; for "mse" smaller by a constant, so the gradients are equal.
    """
    return (priors.pi_p + 1 - priors.pi_n) * expected_h(clean_p, priors.delta_p, metric) + (
        1 - priors.pi_p + priors.pi_n
    ) * expected_h(clean_n, priors.delta_n, metric)


def generator_loss(fake: tf.Tensor, delta: float, metric: str = "bce") -> tf.Tensor:
    """Eq. (4): L_G = E[H(D(G(z)), delta)], with delta_p for G_P and delta_n for G_N. Logits."""
    return expected_h(fake, delta, metric)


def discriminator_loss(
    noisy_p: tf.Tensor,
    noisy_n: tf.Tensor,
    fake_p: tf.Tensor,
    fake_n: tf.Tensor,
    alpha: float,
    beta: float,
    metric: str = "bce",
) -> tf.Tensor:
    """Eq. (5): L_D = alpha L_Noisy(D) + beta (E[H(D(x_GP), 1)] + E[H(D(x_GN), 0)]), alpha >> beta. Logits."""
    adversarial = expected_h(fake_p, 1.0, metric) + expected_h(fake_n, 0.0, metric)
    return alpha * noisy_loss(noisy_p, noisy_n, metric) + beta * adversarial


def realness_loss(originals: tf.Tensor, weights: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
    """E_w[max(0, 1 - R(x))] + E[max(0, 1 + R(G(z)))]: the hinge loss of a real-or-drawn logit R (Lim and Ye 2017).

    Args:
        originals: R on originals, shape (n,).
        weights: Weight of each original, P(the original is of G's class), in [0, 1], shape (n,). The expectation is the
            weighted mean, 0 where all weights are 0.
        drawn: R on images that G drew, shape (m,).
    """
    real = tf.math.divide_no_nan(tf.reduce_sum(weights * tf.nn.relu(1.0 - originals)), tf.reduce_sum(weights))
    return real + tf.reduce_mean(tf.nn.relu(1.0 + drawn))
