"""Every baseline by its name, on real digits: it learns, it repeats, it never sees a test label."""

import numpy as np
import pytest
from sklearn.utils import compute_sample_weight

import nlgan_tf as nl
from nlgan_tf.evaluation.baselines import BASELINES, build_baseline
from nlgan_tf.evaluation.baselines.cnn import CNNClassifier
from nlgan_tf.reproduce.measure import ANCESTORS, STAGE_ONE_CHANGES
from nlgan_tf.reproduce.methods import METHODS

PRIORS = nl.NoisePriors(0.7, 0.85)
# Enough steps for a narrow network to learn.
CLASSIFIER = nl.StageTwoConfig(epochs=8, learning_rate=2e-3, width=0.2, samples_per_epoch=500)
NEURAL = [name for name in BASELINES if METHODS[name].fits and not name.startswith("pn")]


@pytest.fixture(scope="module")
def task() -> nl.ImageTask:
    return nl.load_task("digits:5,7-vs-2,4", size=400)


@pytest.fixture(scope="module")
def noisy(task) -> np.ndarray:
    return nl.corrupt_labels(task.labels, PRIORS, seed=0)


def accuracy(name: str, task, labels) -> float:
    predictor = build_baseline(name, PRIORS, CLASSIFIER, seed=0).fit(task.images, labels)
    predicted = predictor.predict(task.test_images)
    assert predicted.shape == task.test_labels.shape
    assert set(np.unique(predicted)) <= {0, 1}
    return float(np.mean(predicted == task.test_labels))


def test_every_method_of_the_grid_can_be_run():
    assert set(METHODS) == set(BASELINES) | set(STAGE_ONE_CHANGES) | set(ANCESTORS)


@pytest.mark.parametrize("name", sorted(set(BASELINES) - set(NEURAL) - {"pn", "pn-upsampled"}))
def test_a_method_on_features_learns_from_noisy_labels(name, task, noisy):
    first = accuracy(name, task, noisy)
    assert first > 0.8
    assert accuracy(name, task, noisy) == first


@pytest.mark.slow
@pytest.mark.parametrize("name", NEURAL)
def test_a_method_around_the_classifier_learns_from_noisy_labels(name, task, noisy):
    assert accuracy(name, task, noisy) > 0.75


@pytest.mark.slow
def test_a_network_repeats_and_learns_true_labels_better(task, noisy):
    clean = accuracy("pn", task, task.labels)
    assert clean > 0.95
    assert accuracy("pn", task, task.labels) == clean


def test_given_weights_take_the_place_of_equal_classes(task):
    images, labels = task.images[::6], (task.labels * (task.subclass_labels != 7))[::6]
    config = nl.StageTwoConfig(epochs=1, width=0.1)

    def probabilities(weights):
        return CNNClassifier(config).fit(images, labels, weights).predict_proba(images)

    equal = probabilities(None)
    np.testing.assert_array_equal(equal, probabilities(compute_sample_weight("balanced", labels)))
    assert np.abs(equal - probabilities(np.ones(len(labels)))).max() > 1e-3


def test_colour_images_become_hog_features():
    from nlgan_tf.evaluation.baselines.features import features

    rng = np.random.default_rng(0)
    colour, grey = rng.integers(0, 256, (3, 32, 32, 3), np.uint8), rng.integers(0, 256, (3, 28, 28, 1), np.uint8)
    assert features(colour).shape == (3, 324)
    np.testing.assert_allclose(features(grey), grey.reshape(3, -1) / 255, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "svc"])
def test_labels_that_are_not_0_and_1_are_refused(name, task):
    baseline = build_baseline(name, PRIORS, CLASSIFIER)
    with pytest.raises(ValueError, match=r"Expected (noisy_)?labels 0 \(negative\) and 1 \(positive\), got 2: map"):
        baseline.fit(task.images, task.labels + 1)


@pytest.mark.parametrize("name", BASELINES)
def test_flat_images_are_refused(name, task, noisy):
    with pytest.raises(
        ValueError, match=r"Expected images of shape \(n, height, width, channels\) or .*, got shape \(\d+, 256\)"
    ):
        build_baseline(name, PRIORS, CLASSIFIER).fit(task.images.reshape(-1, 256), noisy)


def test_unknown_names():
    with pytest.raises(ValueError, match="baseline 'svm' is unknown: accepted are pn, pn-upsampled"):
        build_baseline("svm", PRIORS, CLASSIFIER)
