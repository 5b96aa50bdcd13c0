"""Label noise as a channel: which noisy label an image gets, given its true one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import as_array
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError


@dataclass(frozen=True)
class Channel:
    """The flip rates of a set of noisy labels.

    Attributes:
        class_prior: P(true 1), in (0, 1).
        f1: P(noisy 0 | true 1).
        f0: P(noisy 1 | true 0).
    """

    class_prior: float
    f1: float
    f0: float

    @classmethod
    def of(cls, noisy_labels: np.ndarray, priors: NoisePriors) -> Channel:
        """Returns the channel whose noisy sets have the purities `priors` and the shares of `noisy_labels`.

        Purities say what the noisy sets consist of, so priors can go with any share of noisy positives: the class
        prior pi_p P(noisy 1) + (1 - pi_n) P(noisy 0) lies between 1 - pi_n and pi_p, whatever the sampling noise.

        Args:
            noisy_labels: Checked labels, both 0 and 1 among them, shape (n,).
            priors: Purities of the noisy labels.

        Raises:
            InputError: For priors that are no `NoisePriors`.
        """
        if not isinstance(priors, NoisePriors):
            raise InputError(f"Expected priors to be NoisePriors, got {priors!r}")
        class_prior = priors.class_prior(float(np.mean(noisy_labels)))
        return cls(class_prior, *priors.flip_rates(class_prior))

    def likelihoods(self, noisy_labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns P(noisy label | true 1) and P(noisy label | true 0) of each noisy label, shapes (n,)."""
        given = noisy_labels == 1
        return np.where(given, 1 - self.f1, self.f1), np.where(given, self.f0, 1 - self.f0)


def check_scores(scores: ArrayLike, name: str = "scores") -> np.ndarray:
    """Returns scores as float64, shape (n,).

    Raises:
        InputError: For another shape, or values that are no finite numbers.
    """
    array = as_array(scores, name, "one number per image")
    if array.ndim != 1 or array.dtype.kind not in "uif":
        raise InputError(f"Expected {name} as numbers of shape (n,), got {array.dtype} of shape {array.shape}")
    bad = np.count_nonzero(~np.isfinite(array))
    if bad:
        raise InputError(f"Expected finite {name}, got {bad} of {len(array)} not finite")
    return array.astype(np.float64)
