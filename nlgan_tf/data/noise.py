"""The noise model of the paper's section 2: set purities, deltas, and seeded corruption of labels."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_labels, check_seed
from nlgan_tf.errors import InputError

# Given instead of priors that are to be estimated.
ESTIMATE = "estimate"


Number = TypeVar("Number", float, np.ndarray)


def deltas_of(pi_p: Number, pi_n: Number) -> tuple[Number, Number]:
    """Returns eq. (3): D's optimal outputs under eq. (2), delta_p on positives and delta_n on negatives.

    delta_p = (1 - pi_n) / (pi_p + 1 - pi_n) and delta_n = pi_n / (1 - pi_p + pi_n).

    Args:
        pi_p, pi_n: Purities in [0, 1], two numbers or two arrays of one shape.

    Returns:
        Two numbers or arrays in [0, 1]; 0 where a denominator is 0, as its numerator is then.
    """
    return _ratio(1 - pi_n, pi_p + 1 - pi_n), _ratio(pi_n, 1 - pi_p + pi_n)


def purities_of(delta_p: Number, delta_n: Number) -> tuple[Number, Number]:
    """Returns the inverse of `deltas_of`, (pi_p, pi_n).

    pi_p = (2 delta_n - 1)(1 - delta_p) / (delta_n - delta_p) and
    pi_n = (1 - 2 delta_p) delta_n / (delta_n - delta_p).

    Args:
        delta_p, delta_n: Two different numbers in [0, 1], or two arrays of one shape.

    Returns:
        Two numbers or arrays, within [0, 1] where delta_p < 1/2 < delta_n.
    """
    gap = delta_n - delta_p
    return (2 * delta_n - 1) * (1 - delta_p) / gap, (1 - 2 * delta_p) * delta_n / gap


def _ratio(part: Number, whole: Number) -> Number:
    if isinstance(whole, np.ndarray):
        return np.divide(part, whole, out=np.zeros_like(whole), where=whole != 0)
    return part / whole if whole else 0.0


@dataclass(frozen=True)
class NoisePriors:
    """Fractions of correct labels among the noisy positives and the noisy negatives.

    A purity is not a flip rate; `flip_rates` converts.

    Attributes:
        pi_p: Purity of the noisy positives, P(true positive | noisy positive).
        pi_n: Purity of the noisy negatives, P(true negative | noisy negative).

    Raises:
        InputError: Unless 0 < pi <= 1 for both and 1 < pi_p + pi_n <= 2 (section 2 of the paper).
    """

    pi_p: float
    pi_n: float

    def __post_init__(self) -> None:
        for name in ("pi_p", "pi_n"):
            if not isinstance(getattr(self, name), numbers.Real):
                raise InputError(f"Expected {name} to be a number, got {getattr(self, name)!r}")
        if not (0 < self.pi_p <= 1 and 0 < self.pi_n <= 1 and self.pi_p + self.pi_n > 1):
            raise InputError(
                "Expected pi_p and pi_n to be above 0 and at most 1, and their sum to be above 1; "
                f"got pi_p={self.pi_p}, pi_n={self.pi_n}"
            )

    @property
    def delta_p(self) -> float:
        """D's optimal output on positives under eq. (2); see `deltas_of`."""
        return deltas_of(self.pi_p, self.pi_n)[0]

    @property
    def delta_n(self) -> float:
        """D's optimal output on negatives under eq. (2); see `deltas_of`."""
        return deltas_of(self.pi_p, self.pi_n)[1]

    @classmethod
    def from_deltas(cls, delta_p: float, delta_n: float) -> NoisePriors:
        """Returns the priors of two deltas, by `purities_of`.

        Raises:
            InputError: Unless 0 <= delta_p < 1/2 < delta_n <= 1, which every valid pair of priors meets.
        """
        if not 0 <= delta_p < 0.5 < delta_n <= 1:
            raise InputError(f"Expected 0 <= delta_p < 0.5 < delta_n <= 1, got delta_p={delta_p}, delta_n={delta_n}")
        return cls(*purities_of(delta_p, delta_n))

    def class_prior(self, noisy_positive_share: float) -> float:
        """Returns P(true positive) = pi_p P(noisy 1) + (1 - pi_n) P(noisy 0).

        Args:
            noisy_positive_share: P(noisy 1), the share of positives among the noisy labels.
        """
        return self.pi_p * noisy_positive_share + (1 - self.pi_n) * (1 - noisy_positive_share)

    def noisy_positive_share(self, class_prior: float = 0.5) -> float:
        """Returns P(noisy positive), the inverse of `class_prior`.

        Args:
            class_prior: P(true positive).

        Raises:
            InputError: Unless 1 - pi_n <= class_prior <= pi_p, as no labelling has these priors otherwise.
        """
        # A tolerance: shares such as 0.7 of 1,000 are not exact in binary.
        if not 1 - self.pi_n - 1e-9 <= class_prior <= self.pi_p + 1e-9:
            raise InputError(
                f"Expected a share of true positives from 1 - pi_n = {1 - self.pi_n:.4g} to pi_p = {self.pi_p:.4g}, "
                f"got {class_prior:.4g}"
            )
        share = (class_prior - (1 - self.pi_n)) / (self.pi_p + self.pi_n - 1)
        return min(max(share, 0.0), 1.0)

    def flip_rates(self, class_prior: float = 0.5) -> tuple[float, float]:
        """Returns (P(noisy 0 | true 1), P(noisy 1 | true 0)).

        Args:
            class_prior: P(true positive).

        Raises:
            InputError: If the class prior is not in (0, 1), or cannot go with these priors.
        """
        if not 0 < class_prior < 1:
            raise InputError(f"Expected class_prior to be above 0 and below 1, got {class_prior}")
        share = self.noisy_positive_share(class_prior)
        return (1 - self.pi_n) * (1 - share) / class_prior, (1 - self.pi_p) * share / (1 - class_prior)


def check_priors(priors: NoisePriors | str) -> NoisePriors | str:
    """Returns priors, or "estimate"; InputError for anything else."""
    if isinstance(priors, NoisePriors) or (isinstance(priors, str) and priors == ESTIMATE):
        return priors
    raise InputError(f'Expected priors to be NoisePriors or "{ESTIMATE}", got {priors!r}')


def corrupt_labels(labels: ArrayLike, priors: NoisePriors, seed: int) -> np.ndarray:
    """Returns labels of which exact numbers are flipped, so that the noisy sets have the purities `priors`.

    With n labels, a share r of them positive: noisy positives number
    M = n (r - (1 - pi_n)) / (pi_p + pi_n - 1); (1 - pi_n)(n - M) positives and (1 - pi_p) M negatives
    change sides. The two numbers of flips are rounded.

    Args:
        labels: True labels, 0 or 1, shape (n,) or (n, 1).
        priors: Purities of the noisy sets.
        seed: Seed of the choice of labels that are flipped, at least 0.

    Returns:
        int64 array, shape (n,).

    Raises:
        InputError: For labels other than 0 and 1, no labels, or priors that the share of positives cannot reach.
    """
    labels = check_labels(labels, minimum_per_class=0)
    if not len(labels):
        raise InputError("Expected at least 1 label, got 0")
    if not isinstance(priors, NoisePriors):
        raise InputError(f"Expected priors to be NoisePriors, got {priors!r}")
    check_seed(seed)
    n, positives = len(labels), np.flatnonzero(labels == 1)
    negatives = np.flatnonzero(labels == 0)
    noisy_positives = n * priors.noisy_positive_share(len(positives) / n)
    rng = np.random.default_rng(seed)
    noisy = labels.copy()
    noisy[rng.choice(positives, round((1 - priors.pi_n) * (n - noisy_positives)), replace=False)] = 0
    noisy[rng.choice(negatives, round((1 - priors.pi_p) * noisy_positives), replace=False)] = 1
    return noisy


def realised_priors(labels: ArrayLike, noisy_labels: ArrayLike) -> tuple[float, float]:
    """Returns (pi_p, pi_n) as they came out: the purity of each noisy set against the true labels.

    Args:
        labels: True labels, 0 or 1, shape (n,).
        noisy_labels: Noisy labels, 0 or 1, shape (n,).

    Raises:
        InputError: For labels that are not accepted, or a noisy set without members.
    """
    labels = check_labels(labels, minimum_per_class=0)
    noisy = check_labels(noisy_labels, length=len(labels), minimum_per_class=1, name="noisy_labels")
    return float(np.mean(labels[noisy == 1] == 1)), float(np.mean(labels[noisy == 0] == 0))
