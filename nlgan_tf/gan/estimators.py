"""The estimators of the purities by name, each bound to the outputs of one D."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from nlgan_tf.gan.mixture import TwoGroups
from nlgan_tf.gan.purity import anchors, confident_joint, corrected_groups, purities, rank_pruning

# Straight from logits and labels; the mixture is refitted to resampled logits.
DIRECT = {"rank_pruning": rank_pruning, "anchors": anchors, "confident_joint": confident_joint}
METHODS = ("combined", "mixture", *DIRECT)
# Their errors have different causes: Rank Pruning's the overlap of the two groups, the anchors' D's extreme outputs.
COMBINED = ("rank_pruning", "anchors")
# Ashman's D up to which the anchors alone are heard, and from which Rank Pruning alone (docs/noise-rates.md).
OVERLAPPING, APART = 1.5, 4.0


@dataclass(frozen=True)
class Estimator:
    """One method on the logits of one training of D.

    Attributes:
        images: how many there are.
        weight: in the mean of several estimators.
        estimate: from indices of (resampled) images to (pi_p, pi_n) in [0, 1].
    """

    images: int
    weight: float
    estimate: Callable[[np.ndarray], np.ndarray]


def estimators(
    logits: np.ndarray, labels: np.ndarray | None, method: str, groups: TwoGroups, apart: float
) -> list[Estimator]:
    """What `method` consists of, for logits of shape (n,), and noisy labels where the method uses them.

    Args:
        logits, labels: of D's outputs and images.
        method: of `METHODS`.
        groups: fitted to the logits.
        apart: the classes' `separation`, the weight of Rank Pruning in "combined".
    """
    if method != "combined" or labels is None:
        return [Estimator(len(logits), 1.0, _bound(logits, labels, method, groups))]
    return [
        Estimator(len(logits), weight, _bound(logits, labels, part, groups))
        for part, weight in zip(COMBINED, (apart, 1 - apart), strict=True)
    ]


def separation(groups: TwoGroups) -> float:
    """How far the two groups in D's outputs are apart, from 0 to 1."""
    return float(np.clip((groups.ashman_d - OVERLAPPING) / (APART - OVERLAPPING), 0, 1))


def _bound(
    logits: np.ndarray, labels: np.ndarray | None, method: str, groups: TwoGroups
) -> Callable[[np.ndarray], np.ndarray]:
    def directly(chosen: np.ndarray) -> np.ndarray:
        return np.clip(DIRECT[method](logits[chosen], labels[chosen]), 0, 1)

    def by_mixture(chosen: np.ndarray) -> np.ndarray:
        refitted = TwoGroups.fit(logits[chosen], near=groups)
        if labels is None:
            return np.clip(purities(*expit(refitted.means)), 0, 1)
        return np.clip(corrected_groups(logits[chosen], labels[chosen], refitted), 0, 1)

    return directly if method in DIRECT else by_mixture
