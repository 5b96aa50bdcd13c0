import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from helpers.blobs import two_blobs
from nlgan_tf.data.noise import NoisePriors, corrupt_labels
from nlgan_tf.evaluation.baselines.confident import ConfidentLearning, FilteredClassifier

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
