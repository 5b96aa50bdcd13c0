"""Confident learning (Northcutt et al. 2021) by cleanlab, the successor of Rank Pruning."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from nlgan_tf.data.checks import check_labels

FOLDS = 5
NEIGHBOURS = (5, 10, 20, 50)


class FilteredClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of the examples that cleanlab finds no issue with, by probabilities of nearest neighbours.

    The probabilities are divided by the shares of the noisy classes, as those of classes of one size. The number of
    neighbours is chosen on the noisy labels.

    Args:
        estimator: Classifier, fitted on the examples that are kept.
        seed: Seed of the folds.

    Attributes after `fit`:
        kept_: Whether cleanlab finds no issue with an example, bool, shape (n,).
    """

    def __init__(self, estimator, seed: int = 0) -> None:
        self.estimator = estimator
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> FilteredClassifier:
        """Fits on features X, shape (n, d), and noisy labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other labels, or fewer than five of a class.
        """
        from cleanlab.filter import find_label_issues

        y = check_labels(y, len(X), minimum_per_class=FOLDS)
        # A search within a fold has little more than half of the examples.
        numbers = [number for number in NEIGHBOURS if number <= len(y) // 2]
        judge = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": numbers}, scoring="roc_auc", cv=3)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)
        probabilities = cross_val_predict(judge, X, y, cv=folds, method="predict_proba")
        probabilities /= np.bincount(y) / len(y)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        self.kept_ = ~find_label_issues(y, probabilities, n_jobs=1)
        self.classes_ = np.array([0, 1])
        self.estimator_ = clone(self.estimator).fit(X[self.kept_], y[self.kept_])
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Returns labels, shape (n,)."""
        return self.estimator_.predict(X)


class ConfidentLearning(ClassifierMixin, BaseEstimator):
    """cleanlab's own `CleanLearning` with its defaults around a classifier, as scikit-learn's pipelines want it.

    Args:
        estimator: Classifier of scikit-learn's kind.
        seed: Seed of the folds.
    """

    def __init__(self, estimator, seed: int = 0) -> None:
        self.estimator = estimator
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> ConfidentLearning:
        """Fits on X, of the kind that the estimator takes, and noisy labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other labels, or fewer than five of a class.
        """
        from cleanlab.classification import CleanLearning

        y = check_labels(y, len(X), minimum_per_class=FOLDS)
        learner = CleanLearning(
            clone(self.estimator), seed=self.seed, cv_n_folds=FOLDS, find_label_issues_kwargs={"n_jobs": 1}
        )
        self.classes_ = np.array([0, 1])
        self.learner_ = learner.fit(X, y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Returns labels, shape (n,)."""
        return self.learner_.predict(X)
