"""Objectives of a search: figures of merit computed from noisy labels, or from the images alone. All are maximised."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_labels
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.channel import Channel

# docs/tuning.md explains each.
OBJECTIVES = ("corrected_accuracy", "noisy_likelihood", "noisy_likelihood_all", "agreement", "clean_accuracy")
# Of all objectives the one that follows clean test accuracy best, by benchmarks/tuning_objectives.py.
DEFAULT_OBJECTIVE = "noisy_likelihood_all"
NEEDS_CLEAN_LABELS = "clean_accuracy"


def check_objective(name: str, has_clean_labels: bool) -> str:
    """Returns the name of an objective; InputError for another name, or one that needs clean labels without them."""
    if name not in OBJECTIVES:
        raise InputError(f"Expected objective to be one of {', '.join(OBJECTIVES)}; got {name!r}")
    if name == NEEDS_CLEAN_LABELS and not has_clean_labels:
        raise InputError(f"Expected clean images and labels for objective {name!r}, got none")
    return name


def corrected_accuracy(positive: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors) -> float:
    """Returns an estimate of clean accuracy from predictions and noisy labels.

    With a = P(predicted 1 | noisy 1), b = P(predicted 1 | noisy 0), and t, f the same given the true label,
    a = pi_p t + (1 - pi_p) f and b = (1 - pi_n) t + pi_n f. Solved for the true positive rate and the false one,
    t = (pi_n a - (1 - pi_p) b) / (pi_p + pi_n - 1) and f = (pi_p b - (1 - pi_n) a) / (pi_p + pi_n - 1), and the
    accuracy is r t + (1 - r)(1 - f), r = pi_p s + (1 - pi_n)(1 - s), s the share of noisy positives.

    The estimate is linear in a and b, so its expectation over the noise is the clean accuracy wherever predictions and
    flips are independent given the true label: on images that nothing was trained on. The estimate may leave [0, 1];
    its standard error is that of an accuracy divided by about pi_p + pi_n - 1.

    Args:
        positive: Predictions, bool or 0 and 1, shape (n,).
        noisy_labels: Labels, 0 or 1, shape (n,), at least one of each.
        priors: Purities of the noisy labels.

    Raises:
        InputError: For labels that are not accepted.
    """
    positive = np.asarray(positive, bool)
    noisy = check_labels(noisy_labels, length=len(positive), minimum_per_class=1)
    a, b, share = positive[noisy == 1].mean(), positive[noisy == 0].mean(), noisy.mean()
    gap = priors.pi_p + priors.pi_n - 1
    true_rate = (priors.pi_n * a - (1 - priors.pi_p) * b) / gap
    false_rate = (priors.pi_p * b - (1 - priors.pi_n) * a) / gap
    r = priors.class_prior(share)
    return float(r * true_rate + (1 - r) * (1 - false_rate))


def noisy_likelihood(probability: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors) -> float:
    """Returns the mean of log P(noisy label | image), in nats: P(noisy 1 | x) = (1 - rho_1) p(x) + rho_0 (1 - p(x)).

    rho_1 = P(noisy 0 | true 1) and rho_0 = P(noisy 1 | true 0) follow from pi and the share of noisy positives.
    A confident error costs at most -log rho: flipped labels do not drown the rest.

    Args:
        probability: Probabilities p(x) = P(true 1 | x), shape (n,).
        noisy_labels: Labels, 0 or 1, shape (n,), at least one of each.
        priors: Purities of the noisy labels.

    Raises:
        InputError: For labels that are not accepted.
    """
    probability = np.asarray(probability, np.float64)
    noisy = check_labels(noisy_labels, length=len(probability), minimum_per_class=1)
    given_1, given_0 = Channel.of(noisy, priors).likelihoods(noisy)
    likelihood = probability * given_1 + (1 - probability) * given_0
    return float(np.mean(np.log(np.maximum(likelihood, np.finfo(np.float32).tiny))))


def agreement(positive: ArrayLike, other: ArrayLike) -> float:
    """Returns the share of images to which two predictors, bool or 0 and 1, shape (n,), assign the same class."""
    return float(np.mean(np.asarray(positive, bool) == np.asarray(other, bool)))
