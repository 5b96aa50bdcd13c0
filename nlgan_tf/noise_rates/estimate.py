"""Unknown noise rates, estimated from D's own outputs (paper, section 2.1: "if we do not know prior pi_P and pi_N").

A D trained by eq. (2) tends to delta_p on positives and to delta_n on negatives, so its outputs on the training
images have two modes. `estimate_deltas` takes their places for the deltas, as the paper does. That needs a D that
has converged and not memorised, which small sets do not give; `estimate_priors` with the noisy labels needs only
that D tells the two groups apart on images that it has not learned (`gan.warm_up.WarmUp.out_of_fold`).

What no method can see: if most labels of either set are wrong (class names swapped), the data are those of the
swapped task. All methods take the majority for right: pi_p + pi_n > 1.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import mannwhitneyu

from nlgan_tf.data.checks import check_labels
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.methods import DIRECT, METHODS, Estimator, estimators, separation
from nlgan_tf.noise_rates.mixture import TwoGroups

# What a caller gets, with a warning, where the outputs show no two groups: the middle of what pi can be.
DEFAULT_PRIORS = NoisePriors(0.75, 0.75)
CONFIDENCE = 0.95
RESAMPLES = 200
LEAST_LOGITS = 10
# Level of the rank test of D's agreement with the labels of images that it has not learned.
CHANCE = 0.01
# Mean width of the intervals of pi above which they say nothing: pi lies in (1/2, 1) in any case.
WIDEST = 0.5
# Purities from which labels count as clean, and sums of both below which they count as worthless.
CLEAN, WORTHLESS = 0.97, 1.1

Interval = tuple[float, float]


@dataclass(frozen=True)
class PriorsEstimate:
    """Where D's output stands on positives and on negatives, and with that the purities of the noisy labels.

    Attributes:
        delta_p, delta_n: D's output sigmoid(logit) on positives and on negatives, as in eq. (3).
        interval_p, interval_n: their 95% intervals, (low, high).
        weights: share of positives and of negatives among the images.
        separable: False where the outputs are not two groups; then all else is that of `DEFAULT_PRIORS`.
        priors: the estimated purities.
        interval_pi_p, interval_pi_n: their 95% intervals, (low, high).
        verdict: what was found, in words.
    """

    delta_p: float
    delta_n: float
    interval_p: Interval
    interval_n: Interval
    weights: tuple[float, float]
    separable: bool
    priors: NoisePriors
    interval_pi_p: Interval
    interval_pi_n: Interval
    verdict: str


def estimate_deltas(logits: ArrayLike, seed: int = 0) -> PriorsEstimate:
    """The paper's estimate: the means of a two-component Gaussian mixture of D's logits (section 2.1, figure 1).

    Repeated logits count once, since small sets are repeated for training.

    Args:
        logits: D's logits on training images, dropout off, shape (n,) or (n, 1).
        seed: of the mixture's starts and of the resampling.

    Returns:
        The deltas. The intervals hold the variance of resampled images, not that of training D again. Where the
        outputs are not two groups on either side of 1/2, a warning, and the deltas of `DEFAULT_PRIORS`.

    Raises:
        InputError: for logits that are not finite, of another shape, or fewer than 10 different ones.
    """
    return estimate_priors(logits, seed)


def estimate_priors(
    logits: ArrayLike,
    seed: int = 0,
    *,
    noisy_labels: ArrayLike | None = None,
    relearned: ArrayLike | None = None,
    method: str = "combined",
) -> PriorsEstimate:
    """The purities of the noisy labels out of D's outputs.

    Args:
        logits: D's logits on unique images, shape (n,), or (r, n) from r trainings of D; these are averaged over,
            and their variance enters the intervals.
        seed: of the mixture's starts and of the resampling.
        noisy_labels: 0 or 1, shape (n,), with out-of-fold logits. None: eq. (3) inverted at `estimate_deltas`.
        relearned: logits of `gan.warm_up.WarmUp.relearn`, shape as `logits`. Noisy labels draw the two groups in D's
            outputs together (eq. 3), and here most of them are gone: so "combined" looks here for how far the classes
            are apart. None: in `logits`.
        method: with noisy labels: "combined", the mean of "rank_pruning" and "anchors", weighted by how far D's
            outputs are two groups (`noise_rates.methods.separation`); either of these alone; or "mixture" or
            "confident_joint", to compare with.

    Returns:
        The estimate. Its intervals hold the variance of resampled images, for "combined" the difference of the two
        methods, and with r > 1 the variance of training D again.
        Where the outputs are not two groups, or agree with the labels no better than chance, a warning, and
        `DEFAULT_PRIORS`.

    Raises:
        InputError: for logits or labels that are not accepted, `relearned` without labels, or an unknown method.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r} is unknown: accepted are {', '.join(METHODS)}")
    rows, labels = _checked(logits, noisy_labels)
    if labels is None and method in DIRECT:
        raise InputError(f"method {method!r} needs noisy_labels, and there are none")
    groups = [TwoGroups.fit(row, seed) for row in rows]
    apart = [separation(group) for group in groups]
    if relearned is not None:
        apart = [separation(TwoGroups.fit(row, seed)) for row in _checked_relearned(relearned, rows, labels)]
    problem = _problem(rows, labels, groups)
    if problem is None:
        parts = [
            part
            for row, group, weight in zip(rows, groups, apart, strict=True)
            for part in estimators(row, labels, method, group, weight)
        ]
        point, samples = _point_and_samples(parts, labels, seed)
        if point.sum() <= 1 or (labels is not None and _mean_width(samples) > WIDEST):
            problem = "the labels' agreement with D's outputs is too weak to say how many of them are wrong"
    if problem is not None:
        point = np.array([DEFAULT_PRIORS.pi_p, DEFAULT_PRIORS.pi_n])
        samples = np.array([[0.5, 0.5], [1.0, 1.0]])
        warnings.warn(f"{problem}; pi_p = pi_n = {DEFAULT_PRIORS.pi_p} is taken", stacklevel=2)
    priors = NoisePriors(*map(float, point))
    return _estimate(priors, samples, _positive_share(labels, priors, groups), problem)


def _checked(logits: ArrayLike, noisy_labels: ArrayLike | None) -> tuple[list[np.ndarray], np.ndarray | None]:
    """One row of logits for each training of D; without labels each distinct value once."""
    rows = np.atleast_2d(np.squeeze(np.asarray(logits, np.float64)))  # D's own outputs are of shape (n, 1).
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise InputError(
            f"logits have shape {np.shape(logits)}: accepted are finite ones of shape (n,), (n, 1) or (r, n)"
        )
    distinct = min(len(np.unique(row)) for row in rows)
    if distinct < LEAST_LOGITS:
        raise InputError(f"logits hold {distinct} different values: at least {LEAST_LOGITS} are needed")
    if noisy_labels is None:
        return [np.unique(row) for row in rows], None
    return list(rows), check_labels(noisy_labels, length=rows.shape[1])


def _checked_relearned(relearned: ArrayLike, rows: list[np.ndarray], labels: np.ndarray | None) -> np.ndarray:
    """A row for each of the logits'."""
    if labels is None:
        raise InputError("relearned is given without noisy_labels: accepted are both, or neither")
    again = np.atleast_2d(np.asarray(relearned, np.float64))
    if again.shape != np.shape(rows) or not np.isfinite(again).all():
        raise InputError(
            f"relearned has shape {again.shape}: accepted are finite ones of the logits', {np.shape(rows)}"
        )
    return again


def _problem(rows: list[np.ndarray], labels: np.ndarray | None, groups: list[TwoGroups]) -> str | None:
    """Why nothing can be estimated, or None."""
    if labels is None:
        apart = [group.are_apart(row) for row, group in zip(rows, groups, strict=True)]
        astride = [group.means[0] < 0 < group.means[1] for group in groups]
        return None if all(apart + astride) else "D's outputs are not two groups on either side of 1/2"
    agreement = [mannwhitneyu(row[labels == 1], row[labels == 0], alternative="less").pvalue for row in rows]
    if np.median(agreement) < CHANCE:
        return None
    return (
        "D agrees with the labels of images that it has not learned no better than chance: nearly as many labels are "
        "wrong as right (pi_p + pi_n near 1), or the images are too few or too hard for D"
    )


def _point_and_samples(parts: list[Estimator], labels: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(pi_p, pi_n), the weighted mean of the parts; and the same for resampled images, each by the next part."""
    estimates = [part.estimate(np.arange(part.images)) for part in parts]
    point = np.average(estimates, axis=0, weights=[part.weight for part in parts])
    rng = np.random.default_rng(seed)
    turns = islice(cycle(parts), RESAMPLES)
    return point, np.array([part.estimate(_resample(rng, part.images, labels)) for part in turns])


def _resample(rng: np.random.Generator, n: int, labels: np.ndarray | None) -> np.ndarray:
    """Indices drawn with replacement, as many of either label as there are."""
    if labels is None:
        return rng.integers(n, size=n)
    return np.concatenate([rng.choice(members, len(members)) for members in map(np.flatnonzero, (labels, 1 - labels))])


def _positive_share(labels: np.ndarray | None, priors: NoisePriors, groups: list[TwoGroups]) -> float:
    if labels is None:
        return float(np.mean([group.weights[0] for group in groups]))
    return float(priors.class_prior(labels.mean()))


def _estimate(priors: NoisePriors, samples: np.ndarray, positive_share: float, problem: str | None) -> PriorsEstimate:
    pi_p, pi_n = samples.T
    # Eq. (3). The denominators are 0 where all resampled labels belong to one class.
    delta_p = (1 - pi_n) / np.maximum(pi_p + 1 - pi_n, 1e-9)
    delta_n = pi_n / np.maximum(1 - pi_p + pi_n, 1e-9)
    intervals = {
        f"interval_{name}": _interval(values)
        for name, values in {"p": delta_p, "n": delta_n, "pi_p": pi_p, "pi_n": pi_n}.items()
    }
    return PriorsEstimate(
        delta_p=priors.delta_p,
        delta_n=priors.delta_n,
        weights=(positive_share, 1 - positive_share),
        separable=problem is None,
        priors=priors,
        verdict=problem or _verdict(priors, intervals["interval_pi_p"], intervals["interval_pi_n"]),
        **intervals,
    )


def _mean_width(samples: np.ndarray) -> float:
    return float(np.mean([np.subtract(*_interval(values)[::-1]) for values in samples.T]))


def _interval(values: np.ndarray) -> Interval:
    low, high = np.quantile(values, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return float(low), float(high)


def _verdict(priors: NoisePriors, interval_p: Interval, interval_n: Interval) -> str:
    if min(priors.pi_p, priors.pi_n) >= CLEAN:
        return f"no sign of wrong labels: at least {interval_p[0]:.0%} and {interval_n[0]:.0%} are right"
    if priors.pi_p + priors.pi_n < WORTHLESS:
        return "the labels are close to worthless: nearly as many are wrong as right"
    return (
        f"of the labels, {1 - priors.pi_p:.0%} of the positives and {1 - priors.pi_n:.0%} of the negatives look wrong"
    )
