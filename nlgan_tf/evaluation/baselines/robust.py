"""Losses that tolerate wrong labels, for the same classifier."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines.cnn import Loss

EPSILON = 1e-7


def generalised_cross_entropy(q: float = 0.7) -> Loss:
    """Returns the loss L_q = (1 - p_s^q) / q, p_s the probability of the given label (Zhang & Sabuncu 2018, eq. 6).

    Args:
        q: Exponent in (0, 1]: near 0 cross entropy, 1 the absolute error; 0.7 is the source's default.

    Raises:
        InputError: For q outside (0, 1].
    """
    if not 0 < q <= 1:
        raise InputError(f"Expected q in (0, 1], got {q}")

    def loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        given = tf.sigmoid(tf.where(labels == 1, logits, -logits))
        return (1 - tf.pow(tf.maximum(given, EPSILON), q)) / q

    return loss


def forward_corrected(priors: NoisePriors) -> Loss:
    """Returns cross entropy of the given label under T p, T the known flip rates (Patrini et al. 2017, theorem 2).

    Where the noisy classes weigh equally, P(s=0 | y=1) = delta_p and P(s=1 | y=0) = 1 - delta_n, so that
    P(s=1 | x) = (1 - delta_p) p + (1 - delta_n) (1 - p), with p = sigmoid(logit).

    Args:
        priors: Purities of the noisy labels.
    """

    def loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        clean = tf.sigmoid(logits)
        positive = (1 - priors.delta_p) * clean + (1 - priors.delta_n) * (1 - clean)
        given = tf.where(labels == 1, positive, 1 - positive)
        return -tf.math.log(tf.maximum(given, EPSILON))

    return loss
