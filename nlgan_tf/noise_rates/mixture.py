"""The two groups in D's outputs: a Gaussian mixture in logit space (paper, section 2.1 and figure 1)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

# Least variance of a component, as a share of all logits' variance: no component collapses onto few images.
REGULARISATION = 0.01
STARTS = 5
# Ashman's D above which a mixture is seen as two modes (Ashman, Bird and Zepf 1994).
LEAST_ASHMAN_D = 2.0


@dataclass(frozen=True)
class TwoGroups:
    """A fitted mixture; the positives' component comes first, as D is driven to 0 on positives."""

    mixture: GaussianMixture
    order: np.ndarray

    @classmethod
    def fit(cls, logits: np.ndarray, seed: int = 0, near: TwoGroups | None = None) -> TwoGroups:
        """Fits two components to logits, shape (n,): from several seeded starts, or from the fit `near` alone."""
        start = {"n_init": STARTS, "random_state": seed} if near is None else near._as_start()
        mixture = _fit(logits, components=2, **start)
        return cls(mixture, np.argsort(mixture.means_[:, 0]))

    @property
    def means(self) -> np.ndarray:
        """Mean logit of the positives and of the negatives."""
        return self.mixture.means_[self.order, 0]

    @property
    def weights(self) -> np.ndarray:
        """Share of the positives' and of the negatives' component."""
        return self.mixture.weights_[self.order]

    @property
    def ashman_d(self) -> float:
        """Distance of the two means, in units of the root mean square of their standard deviations."""
        return float(np.ptp(self.means) / np.sqrt(self.mixture.covariances_.mean()))

    def positive_share(self, logits: np.ndarray) -> np.ndarray:
        """P(the positives' component | logit), shape (n,)."""
        return self.mixture.predict_proba(logits[:, np.newaxis])[:, self.order[0]]

    def are_apart(self, logits: np.ndarray) -> bool:
        """Returns whether the logits of the fit are two modes rather than one.

        Two components must explain the logits better than one by the Bayesian information criterion, and their
        Ashman's D must be above 2.
        """
        column = logits[:, np.newaxis]
        return bool(self.mixture.bic(column) < _fit(logits, 1).bic(column) and self.ashman_d > LEAST_ASHMAN_D)

    def _as_start(self) -> dict:
        fitted = self.mixture
        return {
            "weights_init": fitted.weights_,
            "means_init": fitted.means_,
            "precisions_init": fitted.precisions_,
        }


def _fit(logits: np.ndarray, components: int, **settings) -> GaussianMixture:
    least_variance = REGULARISATION * float(np.var(logits)) + 1e-9
    mixture = GaussianMixture(components, reg_covar=least_variance, max_iter=500, **settings)
    with warnings.catch_warnings():
        # A slow last digit, or fewer distinct logits than groups: `are_apart` judges the fit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(logits[:, np.newaxis])
