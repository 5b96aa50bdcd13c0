import numpy as np
import pytest

import nlgan_tf as nl
from helpers.halves import halves
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.sources import load_classes
from nlgan_tf.evaluation.metrics import (
    accuracy,
    density_and_coverage,
    judge_features,
    memorisation,
    purity_and_coverage,
    train_judge,
)
from nlgan_tf.stage_two import predict_logits, train_classifier


def test_the_classifier_learns_and_accuracy_counts():
    images, labels = halves(60)
    config = StageTwoConfig(epochs=3, samples_per_epoch=640, width=0.2, learning_rate=1e-3, batch_size=32)
    classifier = train_classifier(images[:40], labels[:40], config)
    assert accuracy(classifier, images[40:], labels[40:]) == 1
    assert accuracy(classifier, images[40:], 1 - labels[40:]) == 0
    wrong_half = np.where(np.arange(20) < 10, labels[40:], 1 - labels[40:])
    assert accuracy(classifier, images[40:], wrong_half) == 0.5
    assert predict_logits(classifier, images).shape == (60, 1)


def test_the_seed_decides_the_classifier():
    images, labels = halves(20)
    config = StageTwoConfig(epochs=1, samples_per_epoch=64, width=0.1, batch_size=16)
    first, again, other = (predict_logits(train_classifier(images, labels, config, seed), images) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


@pytest.mark.slow
def test_the_judge_knows_digits_and_tells_purity_and_coverage():
    class_names, (images, classes), (test_images, test_classes) = load_classes("digits")
    judge = train_judge(images, classes)
    judged = np.argmax(predict_logits(judge, test_images), axis=1)
    assert np.mean(judged == test_classes) > 0.93
    sample = np.concatenate([test_images[test_classes == digit][:n] for digit, n in ((5, 24), (7, 12), (2, 4))])
    purity, coverage = purity_and_coverage(judge, sample, [5, 7])
    assert purity == pytest.approx(0.9, abs=0.06)
    assert coverage[5] == pytest.approx(0.6, abs=0.06)
    assert purity == pytest.approx(sum(coverage.values()))
    assert judge_features(judge, sample).shape == (40, 512)
    assert nl.load_task("digits:5-vs-7").class_names == (class_names[7], class_names[5])


def test_density_and_coverage_by_hand():
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    drawn = np.array([[0.5], [0.6], [20.0]])
    # NND_1: 1, 1, 1, 8. Balls of 0 and 1 hold .5 and .6; the ball of 2 holds neither; that of 10 holds neither.
    assert density_and_coverage(real, drawn, k=1) == (4 / 3, 2 / 4)


def test_equal_distributions_have_density_and_coverage_near_one(rng):
    real, drawn = rng.normal(size=(2, 1500, 4))
    density, coverage = density_and_coverage(real, drawn)
    assert density == pytest.approx(1, abs=0.05)
    assert coverage > 0.9
    _, collapsed = density_and_coverage(real, drawn * 0.1)
    assert collapsed < 0.3


@pytest.mark.parametrize("k", [0, 4])
def test_k_out_of_range(k):
    with pytest.raises(ValueError, match=f"k={k} is out of range: accepted are 1 to 3"):
        density_and_coverage(np.zeros((4, 1)), np.zeros((2, 1)), k)


def test_sets_without_images_are_refused(rng):
    with pytest.raises(ValueError, match="no drawn samples"):
        density_and_coverage(rng.normal(size=(9, 2)), np.zeros((0, 2)))
    images = rng.integers(0, 256, (9, 4, 4, 1), np.uint8)
    with pytest.raises(ValueError, match="no held-out images"):
        memorisation(images, images, images[:0])


def test_copies_are_memorised_and_fresh_images_are_not(rng):
    training, held_out, fresh = (rng.integers(0, 256, (200, 6, 6, 1), np.uint8) for _ in range(3))
    copies = np.clip(training + rng.integers(-2, 3, training.shape), 0, 255).astype(np.uint8)
    copied, honest = memorisation(training, copies, held_out), memorisation(training, fresh, held_out)
    assert copied.closer == 1
    assert copied.drawn < 3
    assert honest.closer < 0.15
    assert honest.drawn == pytest.approx(honest.held_out, rel=0.05)


def test_the_distance_is_in_grey_levels():
    training, shifted = np.full((1, 4, 4, 1), 100, np.uint8), np.full((1, 4, 4, 1), 107, np.uint8)
    found = memorisation(training, shifted, np.full((1, 4, 4, 1), 120, np.uint8))
    assert (found.drawn, found.held_out, found.closer) == (7, 20, 1)
