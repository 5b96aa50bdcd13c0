import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.halves import halves
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.sources import load_classes
from nlgan_tf.evaluation import metrics
from nlgan_tf.evaluation.metrics import (
    accuracy,
    class_accuracy,
    judge_features,
    memorisation,
    nearest_images,
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
def test_the_judge_knows_digits_and_tells_purity_and_coverage(monkeypatch):
    monkeypatch.setattr(metrics, "JUDGE_IMAGES", 60_000)
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


def test_sets_without_images_are_refused(rng):
    images = rng.integers(0, 256, (9, 4, 4, 1), np.uint8)
    with pytest.raises(ValueError, match="Expected at least 1 held-out image, got 0"):
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


class Judge:
    """A network whose logits are the mean brightness, and twice that."""

    def __call__(self, images, training):
        mean = tf.reduce_mean(images, axis=(1, 2, 3))[:, tf.newaxis]
        return tf.concat([mean, 2 * mean], axis=1)


BRIGHT_AND_DARK = np.repeat(np.uint8([200, 20]), 16).reshape(2, 4, 4, 1)


@pytest.mark.parametrize("images", [BRIGHT_AND_DARK[..., 0], BRIGHT_AND_DARK.astype(np.int64), list(BRIGHT_AND_DARK)])
def test_metrics_take_images_of_every_accepted_kind(images):
    assert accuracy(Judge(), images, [1, 0]) == 1
    assert class_accuracy(Judge(), images, np.array([1, 0])) == 1
    assert purity_and_coverage(Judge(), images, [1]) == (0.5, {1: 0.5})
    assert memorisation(images, images, images).drawn == 0


@pytest.mark.parametrize(
    "measure",
    [
        lambda images: accuracy(Judge(), images, [1, 0]),
        lambda images: class_accuracy(Judge(), images, np.array([1, 0])),
        lambda images: purity_and_coverage(Judge(), images, [1]),
        lambda images: memorisation(images, images, images),
        lambda images: memorisation(BRIGHT_AND_DARK, images, BRIGHT_AND_DARK),
        lambda images: train_judge(images, np.array([1, 0])),
    ],
)
def test_metrics_refuse_images_in_0_to_1(measure):
    with pytest.raises(nl.InputError, match=r"Expected images in \[0, 255\], got a largest value of 0\.78"):
        measure((BRIGHT_AND_DARK / 255).astype(np.float32))


@pytest.mark.parametrize("labels", [[1, 2], [-1, 1], [1, 0, 0]])
def test_accuracy_refuses_labels_of_another_coding_or_number(labels):
    with pytest.raises(nl.InputError, match="Expected labels"):
        accuracy(Judge(), BRIGHT_AND_DARK, labels)


def test_the_nearest_image_is_that_of_the_least_distance_of_all_pixels():
    real = np.array([[0, 0], [100, 0], [90, 90]], np.uint8).reshape(3, 1, 2, 1)
    # Squared distances of (60, 60): 7200, 5200, 1800; of (49, 3): 2410, 2610, 9250; of (100, 0): 0 to the second.
    drawn = np.array([[60, 60], [49, 3], [100, 0]], np.float32).reshape(3, 1, 2, 1)
    np.testing.assert_array_equal(nearest_images(real, drawn), [2, 0, 1])


def test_memorisation_compares_images_of_one_shape():
    with pytest.raises(nl.InputError, match=r"Expected images of shape \(n, 4, 4, 1\), got"):
        memorisation(BRIGHT_AND_DARK, BRIGHT_AND_DARK[:, :2], BRIGHT_AND_DARK)
