"""Confident learning (Northcutt et al. 2021), the successor of Rank Pruning: its filter, and cleanlab's classifier."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from nlgan_tf.data.checks import check_labels

FOLDS = 5
NEIGHBOURS = (5, 10, 20, 50)
# Probabilities that differ by no more are equal.
SAME = 1e-6


def label_issues(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Returns whether a label is taken for wrong, as `cleanlab.filter.find_label_issues` does by its defaults.

    An example counts for each class whose probability reaches its mean over the examples so labelled, for the likelier
    one where both do. The counts of each label, scaled to its number of examples, are the calibrated confident joint.
    Of each label as many examples are pruned as the joint has off its diagonal (less where none would remain), those
    with the largest margin of the other class, if the other class is the likelier one ("prune by noise rate").

    Args:
        labels: Noisy labels, 0 or 1, at least one of each, shape (n,).
        probabilities: Out-of-fold P(class | x), shape (n, 2), rows of sum 1.

    Returns:
        bool array, shape (n,).
    """
    thresholds = np.array([probabilities[labels == label, label].mean() for label in (0, 1)])
    confident = probabilities >= np.maximum(thresholds, 2 * SAME) - SAME
    guess = np.where(confident.all(axis=1), probabilities.argmax(axis=1), confident.argmax(axis=1))
    counted, sizes = confident.any(axis=1), np.bincount(labels)
    joint = np.array([np.bincount(guess[counted & (labels == label)], minlength=2) for label in (0, 1)])
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    joint = joint / joint.sum(axis=1, keepdims=True) * sizes[:, np.newaxis]
    joint = joint / joint.sum() * len(labels)
    issues = np.zeros(len(labels), bool)
    for label in (0, 1):
        given = np.flatnonzero(labels == label)
        pruned = min(_rounded(joint[label])[1 - label], len(given) - 1)
        margins = probabilities[given, 1 - label] - probabilities[given, label]
        issues[given[np.argsort(-margins)[:pruned]]] = True
    own, other = probabilities[np.arange(len(labels)), labels], probabilities[np.arange(len(labels)), 1 - labels]
    return issues & (other > own + SAME)


def _rounded(counts: np.ndarray) -> np.ndarray:
    """Both counts of a label as integers of the same sum: the one that rounding changed most takes the difference."""
    rounded = np.round(counts)
    missing = np.round(counts.sum()) - rounded.sum()
    rounded[np.argsort(counts - rounded)[-1 if missing > 0 else 0]] += missing
    return rounded.astype(int)


class FilteredClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of the examples that cleanlab's filter keeps, by probabilities of nearest neighbours.

    The probabilities are divided by the shares of the noisy classes, as those of classes of one size. The number of
    neighbours is chosen on the noisy labels.

    Args:
        estimator: Classifier, fitted on the examples that are kept.
        seed: Seed of the folds.

    Attributes after `fit`:
        kept_: Whether the filter keeps an example, bool, shape (n,).
    """

    def __init__(self, estimator, seed: int = 0) -> None:
        self.estimator = estimator
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> FilteredClassifier:
        """Fits on features X, shape (n, d), and noisy labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other labels, or fewer than five of a class.
        """
        y = check_labels(y, len(X), minimum_per_class=FOLDS)
        # A search within a fold has little more than half of the examples.
        numbers = [number for number in NEIGHBOURS if number <= len(y) // 2]
        judge = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": numbers}, scoring="roc_auc", cv=3)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)
        probabilities = cross_val_predict(judge, X, y, cv=folds, method="predict_proba")
        probabilities /= np.bincount(y) / len(y)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        self.kept_ = ~label_issues(y, probabilities)
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
