"""Confident learning (Northcutt et al. 2021) by cleanlab, which took Rank Pruning's place."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import StratifiedKFold, cross_val_predict

FOLDS = 5


class FilteredClassifier(ClassifierMixin, BaseEstimator):
    """Fits one classifier on the examples that cleanlab finds no issue with, judged by another's probabilities.

    Args:
        judge: gives cross-validated probabilities.
        estimator: is fitted on what stays.
        seed: of the folds.
    """

    def __init__(self, judge, estimator, seed: int = 0) -> None:
        self.judge = judge
        self.estimator = estimator
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> FilteredClassifier:
        """Fits on noisy labels y, 0 or 1, shape (n,)."""
        from cleanlab.filter import find_label_issues

        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)
        probabilities = cross_val_predict(clone(self.judge), X, y, cv=folds, method="predict_proba")
        kept = ~find_label_issues(y, probabilities, n_jobs=1)
        self.classes_ = np.array([0, 1])
        self.estimator_ = clone(self.estimator).fit(X[kept], y[kept])
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Labels, shape (n,)."""
        return self.estimator_.predict(X)


class ConfidentLearning(ClassifierMixin, BaseEstimator):
    """cleanlab's own `CleanLearning` around a classifier, with its defaults, as scikit-learn's pipelines want it.

    Args:
        estimator: any classifier of scikit-learn's kind.
        seed: of the folds.
    """

    def __init__(self, estimator, seed: int = 0) -> None:
        self.estimator = estimator
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> ConfidentLearning:
        """Fits on noisy labels y, 0 or 1, shape (n,)."""
        from cleanlab.classification import CleanLearning

        learner = CleanLearning(
            clone(self.estimator), seed=self.seed, cv_n_folds=FOLDS, find_label_issues_kwargs={"n_jobs": 1}
        )
        self.classes_ = np.array([0, 1])
        self.learner_ = learner.fit(X, y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Labels, shape (n,)."""
        return self.learner_.predict(X)
