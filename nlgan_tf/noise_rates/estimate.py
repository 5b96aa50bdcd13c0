"""Unknown noise rates, estimated from D's own outputs (paper, section 2.1: "if we do not know prior pi_P and pi_N").

A D trained by eq. (2) tends to delta_p on positives and to delta_n on negatives, so its outputs on the training
images have two modes. `estimate_deltas` takes their places for the deltas, as the paper does. The paper's way needs a
D that has converged and not memorised, which small sets do not allow; `estimate_priors` with the noisy labels needs
only that D tells the two groups apart on images that D has not learned (`cross_validation.WarmUp.out_of_fold`).

What no method can see: if most labels of either set are wrong (class names swapped), the data are those of the
swapped task. All methods take the majority for right: pi_p + pi_n > 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import mannwhitneyu

from nlgan_tf.data.checks import check_labels, check_seed
from nlgan_tf.data.noise import NoisePriors, deltas_of
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.entries import Entries
from nlgan_tf.noise_rates.methods import corrected_groups
from nlgan_tf.noise_rates.mixture import TwoGroups
from nlgan_tf.noise_rates.registry import DEFAULT, METHODS, Outputs, separation
from nlgan_tf.noise_rates.resampling import Interval, binomial_interval, hull, interval, point_and_samples

# What a caller gets, with a warning, where nothing can be told: the middle of what pi can be.
DEFAULT_PRIORS = NoisePriors(0.75, 0.75)
LEAST_LOGITS = 10
# Fewest images of a class: the exact 95% interval of 5 right labels of 5 is wider than `WIDEST`.
LEAST_IMAGES = 6
# Level of the rank test of D's agreement with the labels of images that D has not learned.
CHANCE = 0.01
# Width of an interval of pi above which the interval says nothing: pi lies in (1/2, 1) in most cases.
WIDEST = 0.5
# Distance of the purities to the corrected mixture's above which those of a rare class are not believed.
DOUBT = 0.15
INTERVALS = "interval_p", "interval_n", "interval_pi_p", "interval_pi_n"
# Purities from which labels count as clean, and sums of both below which they count as worthless.
CLEAN, WORTHLESS = 0.97, 1.1


@dataclass(frozen=True)
class PriorsEstimate:
    """D's outputs on positives and on negatives, and the purities of the noisy labels that follow.

    Attributes:
        delta_p, delta_n: D's output sigmoid(logit) on positives and on negatives (`data.noise.deltas_of`).
        interval_p, interval_n: Their 95% intervals, (low, high).
        weights: Share of positives and of negatives among the images.
        separable: False where nothing can be told of one class or both; all else is then that of `DEFAULT_PRIORS`.
        priors: The estimated purities.
        interval_pi_p, interval_pi_n: Their 95% intervals, (low, high).
        verdict: The finding, in words.
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

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PriorsEstimate:
        """Returns the estimate of priors.json, which `dataclasses.asdict` described; other entries are passed over.

        Raises:
            InputError: For a missing entry, or purities that are none.
        """
        names = [field.name for field in fields(cls)]
        if missing := [name for name in names if name not in values]:
            raise InputError(f"Expected an estimate of {', '.join(names)}; got none of {missing[0]}")
        found = {name: tuple(value) if isinstance(value := values[name], list) else value for name in names}
        return cls(**{**found, "priors": NoisePriors(**values["priors"])})


def estimate_deltas(logits: ArrayLike, seed: int = 0) -> PriorsEstimate:
    """Returns the paper's estimate: the means of a Gaussian mixture of D's logits (section 2.1, figure 1).

    Repeated logits count once, since small sets are repeated for training.

    Args:
        logits: D's logits on training images, dropout off, shape (n,) or (n, 1).
        seed: Seed of the mixture's starts and of the resampling.

    Returns:
        The deltas. The intervals contain the variance of resampled images, not that of training D again. Where the
        outputs are not two groups on either side of 1/2, a warning, and the deltas of `DEFAULT_PRIORS`.

    Raises:
        InputError: For logits that are not finite, of another shape, or fewer than 10 different ones.
    """
    return estimate_priors(logits, seed)


def estimate_priors(
    logits: ArrayLike,
    seed: int = 0,
    *,
    noisy_labels: ArrayLike | None = None,
    relearned: ArrayLike | None = None,
    images: ArrayLike | None = None,
    method: str = DEFAULT,
) -> PriorsEstimate:
    """Returns the purities of the noisy labels out of D's outputs.

    Args:
        logits: D's logits, shape (n,), or (r, n) from r trainings of D; the estimates are averaged over trainings,
            and their variance enters the intervals.
        seed: Seed of the mixture's starts and of the resampling.
        noisy_labels: Labels, 0 or 1, shape (n,), of out-of-fold logits. None: the paper's way, `estimate_deltas`.
        relearned: Logits of `cross_validation.WarmUp.relearn`, shape as `logits`. Noisy labels draw the two groups in
            D's outputs together, and most wrong labels are gone in these logits: "combined" reads here how far the
            classes are apart. None: the distance in `logits`.
        images: Ids of the images, shape (n,), where an image comes with the labels of several annotators, once for
            each label (`entries.entries_of` makes them). None: all images are different.
        method: Name in `registry.METHODS`. "combined" is the mean of "rank_pruning" and "anchors", weighted by how far
            D's outputs are two groups.

    Returns:
        The estimate. The intervals contain the variance of resampled images, for "combined" the difference of the two
        methods, and with r > 1 the variance of training D again.
        Where the outputs are not two groups, agree with the labels no better than chance, or say nothing of a class, a
        warning, and `DEFAULT_PRIORS`.

    Raises:
        InputError: For logits, labels or ids that are not accepted, `relearned` or `images` without labels, or an
            unknown method.
    """
    check_seed(seed)
    if _use_of_labels(method, noisy_labels) == "unused":
        noisy_labels = relearned = images = None
    rows, entries = _checked(logits, noisy_labels, images)
    outputs = _outputs(rows, entries, None if relearned is None else _checked_again(relearned, rows, entries), seed)
    problem = _no_agreement(outputs)
    if problem is None:
        parts = [(part, len(training.logits)) for training in outputs for part in METHODS[method].parts(training)]
        point, samples = point_and_samples(parts, entries, seed)
        second = _second_opinion(outputs, entries)
        found = _intervals(point, samples, second, entries)
        problem = _too_weak(point, second, found)
    if problem is not None:
        return cannot_tell(problem, _weights(DEFAULT_PRIORS, outputs))
    priors = NoisePriors(*map(float, point))
    return PriorsEstimate(
        delta_p=priors.delta_p,
        delta_n=priors.delta_n,
        weights=_weights(priors, outputs),
        separable=True,
        priors=priors,
        verdict=_verdict(priors, found),
        **found,
    )


def _use_of_labels(method: str, noisy_labels: ArrayLike | None) -> str:
    """What a method does with labels; InputError for an unknown method, or one that lacks the labels it needs."""
    if method not in METHODS:
        raise InputError(f"Expected method to be one of {', '.join(METHODS)}, got {method!r}")
    use = METHODS[method].labels
    if noisy_labels is None and use == "needed":
        raise InputError(f"Expected noisy_labels for method {method!r}, got None")
    return use


def cannot_tell(problem: str, weights: tuple[float, float] = (0.5, 0.5)) -> PriorsEstimate:
    """Warns, and returns the estimate of `DEFAULT_PRIORS`, whose verdict is the problem."""
    priors = DEFAULT_PRIORS
    warnings.warn(f"{problem}; pi_p = pi_n = {priors.pi_p} is taken", stacklevel=3)
    found = _intervals(np.array([priors.pi_p, priors.pi_n]), np.array([[0.5, 0.5], [1.0, 1.0]]), None, None)
    return PriorsEstimate(
        priors.delta_p, priors.delta_n, weights=weights, separable=False, priors=priors, verdict=problem, **found
    )


def _checked(
    logits: ArrayLike, noisy_labels: ArrayLike | None, images: ArrayLike | None
) -> tuple[list[np.ndarray], Entries | None]:
    """One row of logits for each training of D; without labels each distinct value once."""
    rows = np.atleast_2d(np.squeeze(np.asarray(logits, np.float64)))  # D's own outputs are of shape (n, 1).
    if rows.ndim != 2 or not np.isfinite(rows).all():
        got = f"shape {np.shape(logits)}" if rows.ndim != 2 else "values that are not finite"
        raise InputError(f"Expected finite logits of shape (n,), (n, 1) or (r, n), got {got}")
    distinct = min(len(np.unique(row)) for row in rows)
    if distinct < LEAST_LOGITS:
        raise InputError(f"Expected at least {LEAST_LOGITS} different logits, got {distinct}")
    if noisy_labels is None:
        if images is not None:
            raise InputError("Expected noisy_labels with images, got images alone")
        return [np.unique(row) for row in rows], None
    labels = check_labels(noisy_labels, length=rows.shape[1])
    ids = np.arange(len(labels)) if images is None else np.asarray(images)
    if ids.shape != labels.shape:
        raise InputError(f"Expected images to be ids of shape {labels.shape}, got shape {ids.shape}")
    return list(rows), Entries(labels, ids)


def _checked_again(relearned: ArrayLike, rows: list[np.ndarray], entries: Entries | None) -> np.ndarray:
    """A row for each of the logits'."""
    if entries is None:
        raise InputError("Expected noisy_labels with relearned, got relearned alone")
    again = np.atleast_2d(np.asarray(relearned, np.float64))
    if again.shape != np.shape(rows) or not np.isfinite(again).all():
        got = f"shape {again.shape}" if again.shape != np.shape(rows) else "values that are not finite"
        raise InputError(f"Expected relearned to be finite and of the logits' shape {np.shape(rows)}, got {got}")
    return again


def _outputs(rows: list[np.ndarray], entries: Entries | None, again: np.ndarray | None, seed: int) -> list[Outputs]:
    """One for each training of D, its mixture fitted to classes of about one size."""
    shown = slice(None) if entries is None else entries.evened(np.arange(len(entries.labels)))
    groups = [TwoGroups.fit(row[shown], seed) for row in rows]
    apart = groups if again is None else [TwoGroups.fit(row[shown], seed) for row in again]
    labels = None if entries is None else entries.labels
    return [Outputs(row, labels, *fits) for row, *fits in zip(rows, groups, map(separation, apart), strict=True)]


def _no_agreement(outputs: list[Outputs]) -> str | None:
    """Why nothing can be estimated, or None."""
    labels = outputs[0].labels
    if labels is None:
        apart = [training.groups.are_apart(training.logits) for training in outputs]
        astride = [training.groups.means[0] < 0 < training.groups.means[1] for training in outputs]
        return None if all(apart + astride) else "D's outputs are not two groups on either side of 1/2"
    pairs = [(training.logits[labels == 1], training.logits[labels == 0]) for training in outputs]
    if np.median([mannwhitneyu(*pair, alternative="less").pvalue for pair in pairs]) < CHANCE:
        return None
    return (
        "D agrees with the labels of images that it has not learned no better than chance: nearly as many labels are "
        "wrong as right (pi_p + pi_n near 1), or the images are too few or too hard for D"
    )


def _second_opinion(outputs: list[Outputs], entries: Entries | None) -> np.ndarray | None:
    """(pi_p, pi_n) of the corrected mixture where one label is rare, else None.

    Where most labels of a rare class are wrong, the few right ones vanish among the extremes of the other class.
    """
    if entries is None or not entries.one_is_rare:
        return None
    shown = entries.evened(np.arange(len(entries.labels)))
    mixtures = [corrected_groups(each.logits[shown], each.labels[shown], each.groups) for each in outputs]
    return np.clip(np.mean(mixtures, axis=0), 0, 1)


def _intervals(
    point: np.ndarray, samples: np.ndarray, second: np.ndarray | None, entries: Entries | None
) -> dict[str, Interval]:
    """Those of the purities and of the deltas, by the names of `PriorsEstimate`; they contain a second opinion."""
    purities, deltas = list(map(interval, samples.T)), list(map(interval, deltas_of(*samples.T)))
    if entries is not None:
        images = [entries.images_of(label) for label in (1, 0)]
        purities = [hull(*pair) for pair in zip(purities, map(binomial_interval, point, images), strict=True)]
        if second is not None:
            purities = [hull(limits, [opinion]) for limits, opinion in zip(purities, second, strict=True)]
        # The deltas' intervals reach as far as either purity's.
        ends = np.array([(end, point[1]) for end in purities[0]] + [(point[0], end) for end in purities[1]])
        deltas = [hull(*pair) for pair in zip(deltas, deltas_of(*ends.T), strict=True)]
    return dict(zip(INTERVALS, (*deltas, *purities), strict=True))


def _too_weak(point: np.ndarray, second: np.ndarray | None, found: dict[str, Interval]) -> str | None:
    """Which class's purity cannot be told, or None. Comparisons with NaN are false."""
    widths = np.array([found[name][1] - found[name][0] for name in INTERVALS[2:]])
    told = ((widths <= WIDEST) & (np.abs(point - (point if second is None else second)) <= DOUBT)).tolist()
    if point.sum() > 1 and all(told):
        return None
    which = {(True, False): "negatives", (False, True): "positives"}.get(tuple(told), "labels")
    return f"the labels' agreement with D's outputs is too weak to say how many of the {which} are wrong"


def _weights(priors: NoisePriors, outputs: list[Outputs]) -> tuple[float, float]:
    """Shares of positives and negatives."""
    labels = outputs[0].labels
    shares = [training.groups.weights[0] for training in outputs]
    share = float(np.mean(shares) if labels is None else priors.class_prior(labels.mean()))
    return share, 1 - share


def _verdict(priors: NoisePriors, found: dict[str, Interval]) -> str:
    if min(priors.pi_p, priors.pi_n) >= CLEAN:
        low_p, low_n = found["interval_pi_p"][0], found["interval_pi_n"][0]
        return f"no sign of wrong labels: at least {low_p:.0%} and {low_n:.0%} are right"
    if priors.pi_p + priors.pi_n < WORTHLESS:
        return "the labels are close to worthless: nearly as many are wrong as right"
    return (
        f"of the labels, {1 - priors.pi_p:.0%} of the positives and {1 - priors.pi_n:.0%} of the negatives look wrong"
    )
