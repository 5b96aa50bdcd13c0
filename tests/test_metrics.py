import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.classification import predict_logits, train_classifier
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.sources import load_classes
from nlgan_tf.evaluation.metrics import accuracy, purity_and_coverage, train_judge


def halves(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Images that are bright on the left (label 1) or on the right (label 0), with noise."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (n, 8, 8, 1), dtype=np.uint8)
    labels = np.arange(n) % 2
    for image, label in zip(images, labels, strict=True):
        image[:, :4] += np.uint8(120 * label)
        image[:, 4:] += np.uint8(120 * (1 - label))
    return images, labels


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
    assert nl.load_task("digits:5-vs-7").class_names == (class_names[7], class_names[5])
