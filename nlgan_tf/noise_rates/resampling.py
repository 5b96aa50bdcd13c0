"""Estimates on resampled images, and the intervals that they give."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np
from scipy.stats import beta

from nlgan_tf.noise_rates.entries import Entries
from nlgan_tf.noise_rates.registry import Part

CONFIDENCE = 0.95
RESAMPLES = 200
TAILS = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2

Interval = tuple[float, float]


def point_and_samples(
    parts: Sequence[tuple[Part, int]], entries: Entries | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the weighted mean of all parts, and the parts in turn on resampled images.

    Args:
        parts: Estimators, each with its number of logits.
        entries: Labels of the logits; None: every logit is drawn by itself.
        seed: Seed of the resampling.

    Returns:
        (pi_p, pi_n), shape (2,), and those of `RESAMPLES` resamples, shape (RESAMPLES, 2), all in [0, 1] or NaN.
    """

    def purities(part: Part, chosen: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.clip(part.purities(chosen if entries is None else entries.evened(chosen)), 0, 1)

    def resampled(count: int) -> np.ndarray:
        return rng.integers(count, size=count) if entries is None else entries.resample(rng)

    estimates = [purities(part, np.arange(count)) for part, count in parts]
    point = np.average(estimates, axis=0, weights=[part.weight for part, _ in parts])
    rng = np.random.default_rng(seed)
    return point, np.array([purities(part, resampled(count)) for part, count in islice(cycle(parts), RESAMPLES)])


def interval(values: np.ndarray) -> Interval:
    """Returns the 95% percentile interval of resampled values, shape (n,)."""
    low, high = np.quantile(values, TAILS)
    return float(low), float(high)


def binomial_interval(share: float, count: int) -> Interval:
    """Returns the exact 95% interval (Clopper and Pearson) of a share found among so many.

    Resamples of a class without a doubtful label all agree, whether the class has 5 images or 5,000; this interval
    knows the difference.

    Args:
        share: Share in [0, 1], or NaN, which gives NaN.
        count: Number of images, at least 1.
    """
    right, wrong = share * count, (1 - share) * count
    low = 0.0 if right == 0 else beta.ppf(TAILS[0], right, wrong + 1)
    high = 1.0 if wrong == 0 else beta.ppf(TAILS[1], right + 1, wrong)
    return float(low), float(high)


def hull(limits: Sequence[float], others: Sequence[float]) -> Interval:
    """Returns the smallest interval that contains all of both."""
    values = [*limits, *others]
    return float(np.min(values)), float(np.max(values))
