"""The posterior of each image's true label, from what a model sees in it and the noisy label that it has."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_labels
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.channel import Channel, check_scores

# No model is surer: a probability of 0 or 1 would leave nothing for the noisy label to say.
LEAST = 1e-7


def label_posterior(probability: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors) -> np.ndarray:
    """Returns P(true 1 | x, noisy label), by Bayes' rule.

    q = p L1 / (p L1 + (1 - p) L0), with L1 = P(noisy label | true 1) and L0 = P(noisy label | true 0). Where p is the
    class prior, q is pi_p for a noisy positive and 1 - pi_n for a noisy negative.

    Args:
        probability: p = P(true 1 | x), in [0, 1], of images whose labels the model has not learned; shape (n,).
            Within 1e-7 of 0 and 1 a probability counts as that near: a label that is never wrong (pi = 1) decides.
        noisy_labels: Labels, 0 or 1, at least one of each, shape (n,).
        priors: Purities of the noisy labels.

    Returns:
        float32 in [0, 1], shape (n,).

    Raises:
        InputError: For probabilities outside [0, 1], labels of another length or of one class, or priors that are no
            `NoisePriors`.
    """
    true_1, true_0 = _joint(probability, noisy_labels, priors)
    return (true_1 / (true_1 + true_0)).astype(np.float32)


def noisy_likelihood(probability: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors) -> float:
    """Returns the mean of `noisy_log_likelihoods`, whose arguments and errors it has.

    The more the probabilities know of the labels, the larger the likelihood. The class prior for all images reaches
    the negative entropy of the noisy labels' shares.
    """
    return float(np.mean(noisy_log_likelihoods(probability, noisy_labels, priors)))


def noisy_log_likelihoods(probability: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors) -> np.ndarray:
    """Returns log P(noisy label | x) = log(p L1 + (1 - p) L0) of each image, float64, shape (n,).

    Arguments and errors are those of `label_posterior`.
    """
    return np.log(sum(_joint(probability, noisy_labels, priors)))


def _joint(probability: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors) -> tuple[np.ndarray, np.ndarray]:
    """P(true 1, noisy label | x) and P(true 0, noisy label | x), float64, shapes (n,)."""
    p = check_scores(probability, "probability")
    if len(p) and not (p.min() >= 0 and p.max() <= 1):
        raise InputError(f"Expected probability in [0, 1], got values from {p.min():g} to {p.max():g}")
    labels = check_labels(noisy_labels, len(p), minimum_per_class=1, name="noisy_labels")
    l1, l0 = Channel.of(labels, priors).likelihoods(labels)
    p = np.clip(p, LEAST, 1 - LEAST)
    return p * l1, (1 - p) * l0
