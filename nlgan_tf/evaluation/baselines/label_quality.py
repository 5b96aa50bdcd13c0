"""cleanlab's scores of labels (Northcutt et al. 2021; Kuan and Mueller 2022), from cross-validated probabilities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from nlgan_tf.data.checks import check_labels
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines.confident import NEIGHBOURS

FOLDS = 5
# Folds of a search within a fold.
INNER_FOLDS = 3
# The least probability whose logarithm counts: nearest neighbours may agree entirely, and be wrong.
LEAST = 1e-3
# cleanlab's methods, and whether the probabilities are less the mean confidence in each label.
SETTINGS = {
    "self-confidence": ("self_confidence", False),
    "self-confidence, adjusted": ("self_confidence", True),
    "normalised margin": ("normalized_margin", False),
    "normalised margin, adjusted": ("normalized_margin", True),
    "confidence-weighted entropy": ("confidence_weighted_entropy", False),
}


def _neighbours(n: int) -> BaseEstimator:
    numbers = [number for number in NEIGHBOURS if number <= n // 2]
    return GridSearchCV(KNeighborsClassifier(), {"n_neighbors": numbers}, scoring="roc_auc", cv=INNER_FOLDS)


def _logistic(n: int) -> BaseEstimator:
    del n
    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    return GridSearchCV(model, {"C": [0.001, 0.01, 0.1, 1.0]}, scoring="neg_log_loss", cv=INNER_FOLDS)


def _svc(n: int) -> BaseEstimator:
    del n
    searched = GridSearchCV(
        SVC(class_weight="balanced"), {"C": [0.1, 0.3, 1.0, 3.0]}, scoring="roc_auc", cv=INNER_FOLDS
    )
    return CalibratedClassifierCV(searched, cv=INNER_FOLDS, ensemble=False)


# From the number of examples to a classifier whose settings are found on noisy labels.
CLASSIFIERS: dict[str, Callable[[int], BaseEstimator]] = {"knn": _neighbours, "logistic": _logistic, "svc": _svc}


def out_of_fold_probabilities(features: np.ndarray, noisy_labels: np.ndarray, name: str, seed: int = 0) -> np.ndarray:
    """Returns P(noisy label | x) by a classifier that has not seen x, 5-fold, float64, shape (n, 2).

    Args:
        features: Feature vectors, shape (n, d).
        noisy_labels: Labels, 0 or 1, at least 10 of each, shape (n,).
        name: Name in `CLASSIFIERS`.
        seed: Seed of the folds.

    Raises:
        InputError: For an unknown classifier, or labels that are not accepted.
    """
    if name not in CLASSIFIERS:
        raise InputError(f"Expected a classifier among {', '.join(CLASSIFIERS)}; got {name!r}")
    labels = check_labels(noisy_labels, len(features), minimum_per_class=2 * FOLDS, name="noisy_labels")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return cross_val_predict(CLASSIFIERS[name](len(labels)), features, labels, cv=folds, method="predict_proba")


def noisy_log_likelihood(probabilities: np.ndarray, noisy_labels: np.ndarray) -> float:
    """Returns the mean log-likelihood of the noisy labels, by which a classifier can be chosen without true labels.

    Args:
        probabilities: P(noisy label | x), shape (n, 2); less than .001 counts as .001.
        noisy_labels: Labels, 0 or 1, shape (n,).
    """
    own = probabilities[np.arange(len(noisy_labels)), noisy_labels]
    return float(np.mean(np.log(np.maximum(own, LEAST))))


def cleanlab_quality(probabilities: np.ndarray, noisy_labels: np.ndarray, setting: str) -> np.ndarray:
    """Returns `cleanlab.rank.get_label_quality_scores`, larger for labels that are likelier right, shape (n,).

    Args:
        probabilities: Out-of-fold P(noisy label | x), shape (n, 2).
        noisy_labels: Labels, 0 or 1, shape (n,).
        setting: Name in `SETTINGS`.

    Raises:
        InputError: For an unknown setting.
    """
    from cleanlab.rank import get_label_quality_scores

    if setting not in SETTINGS:
        raise InputError(f"Expected a setting among {', '.join(SETTINGS)}; got {setting!r}")
    method, adjusted = SETTINGS[setting]
    return get_label_quality_scores(noisy_labels, probabilities, method=method, adjust_pred_probs=adjusted)
