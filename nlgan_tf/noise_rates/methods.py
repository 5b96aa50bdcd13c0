"""Purities (pi_p, pi_n) of noisy labels out of D's outputs: the package's estimator, and those it is compared with.

Every function takes logits, shape (n,), D's outputs on unique images, and noisy labels, 0 or 1, shape (n,), and
returns raw estimates, which may leave [0, 1]. The logits must be out of fold: a D that has learned an image with
its label agrees with the label, wrong or not.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from nlgan_tf.data.noise import purities_of
from nlgan_tf.noise_rates.mixture import TwoGroups

ANCHOR_PERCENTILE = 3.0


def corrected_groups(logits: np.ndarray, noisy_labels: np.ndarray, groups: TwoGroups) -> tuple[float, float]:
    """Returns the shares of either group in the noisy sets, corrected for the groups' own overlap.

    r = P(positive | logit) by the mixture averages to a = E[r^2] / E[r] over true positives and to
    b = E[r (1 - r)] / E[1 - r] over true negatives. Given the true class, an out-of-fold logit does not depend on
    the noisy label, so r averages to pi_p a + (1 - pi_p) b over the noisy positives and to
    (1 - pi_n) a + pi_n b over the noisy negatives. D need not have reached the deltas; D only has to tell the
    groups apart.
    """
    r = groups.positive_share(logits)
    a, b = np.average(r, weights=r), np.average(r, weights=1 - r)
    over_p, over_n = r[noisy_labels == 1].mean(), r[noisy_labels == 0].mean()
    return (over_p - b) / (a - b), (a - over_n) / (a - b)


def rank_pruning(logits: np.ndarray, noisy_labels: np.ndarray) -> tuple[float, float]:
    """Returns Rank Pruning's purities (Northcutt et al. 2017), from one set of out-of-fold probabilities."""
    rh1, rh0 = noise_rates(_positive_probability(logits, noisy_labels), noisy_labels)
    if rh1 + rh0 >= 1:  # As many confident images have the other label as their own: no better than chance.
        return 0.5, 0.5
    ps1 = noisy_labels.mean()
    py1 = (ps1 - rh0) / (1 - rh1 - rh0)
    return 1 - rh0 * (1 - py1) / ps1, 1 - rh1 * py1 / (1 - ps1)


def noise_rates(probability: np.ndarray, noisy_labels: np.ndarray) -> tuple[float, float]:
    """Returns Rank Pruning's (rh1, rh0): the share of label 0 among confident positives, of label 1 among negatives.

    With p = P(noisy positive), an image is a confident positive if p is at least LB, the mean of p over label 1, and a
    confident negative if p is at most UB, the mean of p over label 0.

    Args:
        probability: Probabilities p, not logits, in [0, 1], shape (n,).
        noisy_labels: Labels, 0 or 1, shape (n,).
    """
    given = noisy_labels == 1
    confident_p = probability >= probability[given].mean()
    confident_n = probability <= probability[~given].mean()
    return min(_share(~given, confident_p), 0.9999), min(_share(given, confident_n), 0.9999)


def confident_joint(logits: np.ndarray, noisy_labels: np.ndarray) -> tuple[float, float]:
    """Returns the confident joint (Northcutt et al. 2021; cleanlab's `compute_confident_joint`), rows normalised.

    An image counts for each class whose probability reaches its mean over the images so labelled; where both do,
    for the likelier one.
    """
    positive, given = _positive_probability(logits, noisy_labels), noisy_labels == 1
    sure_p = positive >= positive[given].mean()
    sure_n = 1 - positive >= (1 - positive)[~given].mean()
    counted_p = sure_p & (~sure_n | (positive > 0.5))
    counted_n = sure_n & ~counted_p
    counted = counted_p | counted_n
    return _share(counted_p, counted & given), _share(counted_n, counted & ~given)


def anchors(logits: np.ndarray, noisy_labels: np.ndarray) -> tuple[float, float]:
    """Returns purities of the deltas at anchor images (Patrini et al. 2017), the 3% of D's outputs at either end."""
    del noisy_labels
    percentiles = ANCHOR_PERCENTILE, 100 - ANCHOR_PERCENTILE
    return purities_of(*expit(np.percentile(logits, percentiles)))


def _positive_probability(logits: np.ndarray, noisy_labels: np.ndarray) -> np.ndarray:
    """P(noisy positive): D's output is 0 on positives, and learned from batches with as many of either label."""
    odds = noisy_labels.sum() / (len(noisy_labels) - noisy_labels.sum())
    return expit(np.log(odds) - logits)


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return float((part & whole).sum() / max(whole.sum(), 1))
