import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from helpers.blobs import two_blobs
from nlgan_tf.data.noise import NoisePriors, corrupt_labels
from nlgan_tf.evaluation.baselines.confident import ConfidentLearning, FilteredClassifier, label_issues

POINTS, LABELS = two_blobs()
NOISY = corrupt_labels(LABELS, NoisePriors(0.7, 0.85), seed=0)
WRONG = LABELS != NOISY


def test_the_filter_drops_wrong_labels_and_keeps_right_ones():
    fitted = FilteredClassifier(SVC()).fit(POINTS, NOISY)
    assert np.mean(~fitted.kept_[WRONG]) > 0.8
    assert np.mean(~fitted.kept_[~WRONG]) < 0.05
    np.testing.assert_array_equal(
        fitted.predict(POINTS), SVC().fit(POINTS[fitted.kept_], NOISY[fitted.kept_]).predict(POINTS)
    )


def test_clean_learning_finds_the_wrong_labels():
    issues = ConfidentLearning(LogisticRegression()).fit(POINTS, NOISY).learner_.get_label_issues()["is_label_issue"]
    assert np.mean(issues[WRONG]) > 0.7
    assert np.mean(issues[~WRONG]) < 0.05


@pytest.mark.parametrize("method", [FilteredClassifier, ConfidentLearning])
def test_fewer_of_a_class_than_folds_are_refused(method):
    with pytest.raises(ValueError, match="Expected at least 5 positives and 5 negatives in labels, got 4 and 40"):
        method(LogisticRegression()).fit(np.zeros((44, 2)), np.repeat([1, 0], [4, 40]))


def simulated(seed: int, values: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Noisy labels with a random share of positives, and probabilities: of so many values, or continuous."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([[1, 1, 0, 0], rng.random(int(rng.integers(10, 400))) < rng.uniform(0.05, 0.95)]).astype(
        int
    )
    true = np.where(rng.random(len(labels)) < 0.25, 1 - labels, labels)
    p = 1 / (1 + np.exp(-rng.normal(rng.uniform(0, 3) * (2 * true - 1))))
    if values is not None:
        p = rng.binomial(values, p) / values
    return labels, np.column_stack([1 - p, p])


@pytest.mark.parametrize("values", [None, 5, 20])
@pytest.mark.parametrize("balanced", [False, True])
def test_the_filter_is_cleanlabs(values, balanced):
    find_label_issues = pytest.importorskip("cleanlab.filter").find_label_issues
    for seed in range(60):
        labels, probabilities = simulated(seed, values)
        if balanced:
            probabilities /= np.bincount(labels) / len(labels)
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        expected = find_label_issues(labels, probabilities, n_jobs=1)
        np.testing.assert_array_equal(label_issues(labels, probabilities), expected)


def test_the_filter_needs_no_cleanlab(monkeypatch):
    expected = FilteredClassifier(SVC()).fit(POINTS, NOISY).kept_
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    np.testing.assert_array_equal(FilteredClassifier(SVC()).fit(POINTS, NOISY).kept_, expected)


def test_the_filter_by_hand():
    p = np.array([0.9, 0.8, 0.7, 0.1, 0.1, 0.2, 0.3, 0.9])
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    # Means of the own class: .625 and .625. Guesses: three right and one wrong of either label.
    expected = np.isin(np.arange(8), [3, 7])
    np.testing.assert_array_equal(label_issues(labels, np.column_stack([1 - p, p])), expected)
