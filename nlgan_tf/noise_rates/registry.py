"""Every method by its name: how it reads the purities out of D's outputs, and its title in tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from nlgan_tf.data.noise import purities_of
from nlgan_tf.noise_rates import methods
from nlgan_tf.noise_rates.mixture import TwoGroups

DEFAULT = "combined"
# Ashman's D up to which the anchors alone count, and from which Rank Pruning alone (docs/noise-rates.md).
OVERLAPPING, APART = 1.5, 4.0

# Indices of (resampled) images to (pi_p, pi_n); values outside [0, 1] are clipped by the caller.
Purities = Callable[[np.ndarray], tuple[float, float]]


@dataclass(frozen=True)
class Outputs:
    """The outputs of one training of D.

    Attributes:
        logits: D's logits, float64, shape (n,).
        labels: Noisy labels, 0 or 1, shape (n,), or None.
        groups: The mixture fitted to the logits.
        separation: How far the classes are apart in D's outputs, from 0 to 1.
    """

    logits: np.ndarray
    labels: np.ndarray | None
    groups: TwoGroups
    separation: float


@dataclass(frozen=True)
class Part:
    """One estimator, and its weight in the mean that a method is."""

    weight: float
    purities: Purities


@dataclass(frozen=True)
class Method:
    """An estimator of the purities.

    Attributes:
        title: Name in tables.
        parts: Function of D's outputs that returns the estimators whose weighted mean the method is; `direct` makes
            one of a function of logits and noisy labels.
        labels: Use of the noisy labels: "needed", "optional" (the mixture's means without them) or "unused".
    """

    title: str
    parts: Callable[[Outputs], list[Part]]
    labels: str = "needed"


def separation(groups: TwoGroups) -> float:
    """Returns how far the two groups in D's outputs are apart, from 0 to 1."""
    return float(np.clip((groups.ashman_d - OVERLAPPING) / (APART - OVERLAPPING), 0, 1))


def direct(
    function: Callable[[np.ndarray, np.ndarray], tuple[float, float]], weight: float = 1.0
) -> Callable[[Outputs], list[Part]]:
    """Returns `Method.parts` of a function of logits and noisy labels, both of shape (n,), to (pi_p, pi_n)."""

    def parts(outputs: Outputs) -> list[Part]:
        return [Part(weight, lambda chosen: function(outputs.logits[chosen], outputs.labels[chosen]))]

    return parts


def combined(outputs: Outputs) -> list[Part]:
    """Rank Pruning and anchors, whose errors have different causes: the groups' overlap, and D's extreme outputs."""
    if outputs.labels is None:
        return mixture_means(outputs)
    return [
        *direct(methods.rank_pruning, outputs.separation)(outputs),
        *direct(methods.anchors, 1 - outputs.separation)(outputs),
    ]


def corrected_mixture(outputs: Outputs) -> list[Part]:
    """The mixture, refitted to each resample, corrected for the overlap of its groups."""
    if outputs.labels is None:
        return mixture_means(outputs)

    def purities(chosen: np.ndarray) -> tuple[float, float]:
        logits = outputs.logits[chosen]
        return methods.corrected_groups(logits, outputs.labels[chosen], TwoGroups.fit(logits, near=outputs.groups))

    return [Part(1.0, purities)]


def mixture_means(outputs: Outputs) -> list[Part]:
    """The paper's: the means of the mixture, refitted to each resample, are the deltas."""

    def purities(chosen: np.ndarray) -> tuple[float, float]:
        return purities_of(*expit(TwoGroups.fit(outputs.logits[chosen], near=outputs.groups).means))

    return [Part(1.0, purities)]


METHODS = {
    DEFAULT: Method("combined (the default)", combined, labels="optional"),
    "mixture": Method("mixture, corrected", corrected_mixture, labels="optional"),
    "paper": Method("mixture's means (paper)", mixture_means, labels="unused"),
    "rank_pruning": Method("Rank Pruning", direct(methods.rank_pruning)),
    "confident_joint": Method("confident joint (cleanlab)", direct(methods.confident_joint)),
    "anchors": Method("anchors (percentiles)", direct(methods.anchors)),
}
