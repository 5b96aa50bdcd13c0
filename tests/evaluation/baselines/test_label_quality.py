import numpy as np
import pytest

import nlgan_tf as nl
from helpers.blobs import two_blobs
from nlgan_tf.evaluation.baselines.label_quality import (
    CLASSIFIERS,
    SETTINGS,
    cleanlab_quality,
    noisy_log_likelihood,
    out_of_fold_probabilities,
)
from nlgan_tf.evaluation.label_scores import average_precision

POINTS, LABELS = two_blobs(200)
NOISY = nl.corrupt_labels(LABELS, nl.NoisePriors(0.7, 0.85), seed=0)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_and_setting_finds_the_wrong_labels(name):
    probabilities = out_of_fold_probabilities(POINTS, NOISY, name)
    assert probabilities.shape == (200, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    found = {
        setting: average_precision(cleanlab_quality(probabilities, NOISY, setting), NOISY, LABELS).overall
        for setting in SETTINGS
    }
    assert max(found.values()) > 0.8
    assert min(found.values()) > np.mean(LABELS != NOISY)
    assert noisy_log_likelihood(probabilities, NOISY) > np.log(0.5)


def test_the_likelihood_by_hand():
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])
    expected = (np.log(0.75) + np.log(0.5) + np.log(0.001)) / 3
    assert noisy_log_likelihood(probabilities, np.array([1, 0, 1])) == pytest.approx(expected)


def test_self_confidence_is_the_probability_of_the_given_label():
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])
    labels = np.array([1, 0, 1])
    np.testing.assert_allclose(cleanlab_quality(probabilities, labels, "self-confidence"), [0.75, 0.5, 0.0])
    # Of two classes, the margin is the same ranking.
    np.testing.assert_allclose(cleanlab_quality(probabilities, labels, "normalised margin"), [0.75, 0.5, 0.0])


def test_what_is_refused():
    with pytest.raises(nl.InputError, match="Expected a classifier among knn, logistic, svc"):
        out_of_fold_probabilities(POINTS, NOISY, "none")
    with pytest.raises(nl.InputError, match="Expected at least 10 positives"):
        out_of_fold_probabilities(np.zeros((30, 2)), np.repeat([1, 0], [9, 21]), "knn")
    with pytest.raises(nl.InputError, match="Expected a setting among"):
        cleanlab_quality(np.full((2, 2), 0.5), np.array([0, 1]), "none")
