"""Rank Pruning (Northcutt, Wu & Chuang 2017), the paper's competitor, written from its description."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import compute_sample_weight

from nlgan_tf.data.checks import check_labels
from nlgan_tf.noise_rates.methods import noise_rates

LEAST_KEPT = 10


class RankPruning(ClassifierMixin, BaseEstimator):
    """A classifier that estimates the noise out of fold, prunes what is ranked worst, and fits again, weighted.

    The folds' fits weigh the noisy classes equally; the last one weighs each class by its estimated rate of loss.

    Args:
        estimator: Binary classifier with `predict_proba` and `fit(X, y, sample_weight)`, without class weights of its
            own.
        folds: Number of folds of the cross-validation.
        seed: Seed of the folds.

    Attributes after `fit`:
        rh1_, rh0_: Estimated P(s=0 | y=1) and P(s=1 | y=0), where s is the noisy and y the true label.
        kept_: Whether an example is kept, bool, shape (n,).
    """

    def __init__(self, estimator, folds: int = 3, seed: int = 0) -> None:
        self.estimator = estimator
        self.folds = folds
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> RankPruning:
        """Fits on X, of the kind that the estimator takes, and noisy labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other labels, or fewer of a class than folds.
        """
        noisy = check_labels(y, len(X), minimum_per_class=self.folds)
        probability, rates = self._cross_validated(X, noisy)
        self.rh1_, self.rh0_ = rates
        self.kept_ = kept = prune(probability, noisy, *rates)
        # Each class as heavy as it was before its examples were mislabelled.
        weights = np.where(noisy == 1, 1 / (1 - self.rh1_), 1 / (1 - self.rh0_))
        self.estimator_ = clone(self.estimator).fit(X[kept], noisy[kept], sample_weight=weights[kept])
        self.classes_ = np.array([0, 1])
        return self

    def _cross_validated(self, X: np.ndarray, noisy: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
        probability, rates = np.empty(len(noisy)), []
        folds = StratifiedKFold(self.folds, shuffle=True, random_state=self.seed)
        for train, held_out in folds.split(np.zeros(len(noisy)), noisy):
            equal = compute_sample_weight("balanced", noisy[train])
            fitted = clone(self.estimator).fit(X[train], noisy[train], sample_weight=equal)
            probability[held_out] = fitted.predict_proba(X[held_out])[:, 1]
            rates.append(noise_rates(probability[held_out], noisy[held_out]))
        return probability, tuple(np.mean(rates, axis=0))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Returns labels, shape (n,)."""
        return self.estimator_.predict(X)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Returns probabilities of labels 0 and 1, shape (n, 2)."""
        return self.estimator_.predict_proba(X)


def prune(probability: np.ndarray, noisy: np.ndarray, rh1: float, rh0: float) -> np.ndarray:
    """Returns which examples are kept: all but the pi1 |P~| lowest of P~ and the pi0 |N~| highest of N~.

    Args:
        probability: Out-of-fold probabilities of a positive noisy label, shape (n,).
        noisy: Labels s, 0 or 1, shape (n,); P~ are those with s=1, N~ those with s=0.
        rh1, rh0: Estimated P(s=0 | y=1) and P(s=1 | y=0), in [0, 1].

    Returns:
        bool, shape (n,).

    With ps1 = P(s=1): py1 = (ps1 - rh0) / (1 - rh1 - rh0), pi1 = rh0 (1 - py1) / ps1, pi0 = rh1 py1 / (1 - ps1).
    At least 10 of each class are kept.
    """
    ps1 = noisy.mean()
    # Rates that sum to 1 or more say nothing of the classes, whose shares are then the given ones.
    py1 = np.clip((ps1 - rh0) / (1 - rh1 - rh0), 0, 1) if rh1 + rh0 < 1 else ps1
    kept = np.ones(len(noisy), bool)
    for label, share in ((1, rh0 * (1 - py1) / ps1), (0, rh1 * py1 / (1 - ps1))):
        members = np.flatnonzero(noisy == label)
        worst_first = members[np.argsort(probability[members] if label else -probability[members], kind="stable")]
        pruned = min(int(share * len(members)), max(0, len(members) - LEAST_KEPT))
        kept[worst_first[:pruned]] = False
    return kept
