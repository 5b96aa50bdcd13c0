"""P(positive | x) from scores that rank images, calibrated on noisy labels alone.

A scaled logistic of the score (Platt 1999), fitted through the noise model of the paper's section 2. A score may rank
the images well and still have its threshold in the wrong place; the class prior, known from the purities, mends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from nlgan_tf.data.checks import check_labels
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.channel import Channel, check_scores

LOG_SCALES, SHIFTS = (-2.0, float(np.log(5))), (-4.0, 4.0)
STARTS = (0.0, 0.0), (1.0, 0.0)
# Weights of the penalties: on a mean of p off the class prior, and on a log scale off a usual one, in images.
PRIOR_WEIGHT, SCALE_WEIGHT = 20.0, 3.0
# Usual log scales: of a classifier's scores, and of groups' votes, which are sure of most images, for either class.
USUAL_LOG_SCALE, VOTES_LOG_SCALE = 0.7, 1.4


@dataclass(frozen=True)
class Calibration:
    """P(positive | x) = sigmoid(scale u + shift) of the standardised score u = (score - mean) / std.

    Attributes:
        mean, std: Mean and standard deviation of the scores that the calibration was fitted to.
        scale: Factor of the standardised score, above 0.
        shift: Logit of P(positive) at the mean score.
    """

    mean: float
    std: float
    scale: float
    shift: float

    def __call__(self, scores: ArrayLike) -> np.ndarray:
        """Returns P(positive), float32, shape (n,), of finite scores, shape (n,); InputError for others."""
        u = (check_scores(scores) - self.mean) / self.std
        return expit(self.scale * u + self.shift).astype(np.float32)

    def to_dict(self) -> dict[str, float]:
        """Returns the four numbers by their names, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> Calibration:
        """Returns the calibration of `to_dict`'s numbers; InputError for other names."""
        names = [field.name for field in fields(cls)]
        if sorted(values) != sorted(names):
            raise InputError(f"Expected a calibration of {', '.join(names)}; got {', '.join(values) or 'nothing'}")
        return cls(**values)


def calibrate(
    scores: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors, usual_log_scale: float = USUAL_LOG_SCALE
) -> Calibration:
    """Returns the calibration of scores under which the noisy labels are likeliest, less two penalties.

    `calibration_loss` has the formula. The scale is within [exp(-2), 5], the shift within [-4, 4].

    Args:
        scores: Scores, larger for positives, of images whose labels the scorer has not learned; shape (n,).
        noisy_labels: Labels, 0 or 1, at least one of each, shape (n,).
        priors: Purities of the noisy labels. They can go with any share of noisy positives (`Channel.of`).
        usual_log_scale: Log scale to which few labels, which say little of the scale, leave the calibration.

    Raises:
        InputError: For scores that are not finite or of another shape, labels of another length or of one class, or
            priors that are no `NoisePriors`.
    """
    scores = check_scores(scores)
    labels = check_labels(noisy_labels, len(scores), minimum_per_class=1, name="noisy_labels")
    channel = Channel.of(labels, priors)
    mean, std = mean_and_std(scores)
    fits = [
        minimize(
            calibration_loss,
            start,
            args=((scores - mean) / std, labels, channel, usual_log_scale),
            jac=True,
            method="L-BFGS-B",
            bounds=[LOG_SCALES, SHIFTS],
        )
        for start in STARTS
    ]
    log_scale, shift = min(fits, key=lambda fit: fit.fun).x
    return Calibration(mean, std, float(np.exp(log_scale)), float(shift))


def calibration_loss(
    parameters: np.ndarray,
    u: np.ndarray,
    noisy_labels: np.ndarray,
    channel: Channel,
    usual_log_scale: float = USUAL_LOG_SCALE,
) -> tuple[float, np.ndarray]:
    """Returns what `calibrate` minimises, and its gradient.

    -mean log P(noisy label | x) + 20 (mean p - class prior)^2 + (3 / n) (log scale - usual)^2, with
    p = sigmoid(scale u + shift) and P(noisy 1 | x) = p (1 - f1) + (1 - p) f0.

    Args:
        parameters: (log scale, shift).
        u: Standardised scores, shape (n,).
        noisy_labels: Labels, 0 or 1, shape (n,).
        channel: Class prior and flip rates.
        usual_log_scale: The usual log scale.

    Returns:
        The loss, and its derivatives by log scale and shift, shape (2,).
    """
    log_scale, shift = parameters
    scaled = np.exp(log_scale) * u
    logits = scaled + shift
    with np.errstate(divide="ignore"):  # log 0, where a label is never wrong
        l1, l0 = np.log(channel.likelihoods(noisy_labels))
    joint = log_expit(logits) + l1
    log_likelihood = np.logaddexp(joint, log_expit(-logits) + l0)
    p = expit(logits)
    off_prior, off_usual = np.mean(p) - channel.class_prior, log_scale - usual_log_scale
    scale_weight = SCALE_WEIGHT / len(u)
    loss = -np.mean(log_likelihood) + PRIOR_WEIGHT * off_prior**2 + scale_weight * off_usual**2
    # By a logit, -log P(noisy label | x) has the derivative p - q, with q = P(true 1 | x, noisy label).
    q = np.exp(joint - log_likelihood)
    by_logit = p - q + 2 * PRIOR_WEIGHT * off_prior * p * (1 - p)
    gradient = np.array([np.mean(by_logit * scaled) + 2 * scale_weight * off_usual, np.mean(by_logit)])
    return float(loss), gradient


def mean_and_std(scores: np.ndarray) -> tuple[float, float]:
    """Returns mean and standard deviation of finite scores, shape (n,); deviation 1 where all scores are equal."""
    return float(scores.mean()), float(scores.std()) if np.ptp(scores) > 0 else 1.0
