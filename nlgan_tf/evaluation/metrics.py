"""Accuracy of classifiers; purity and coverage of drawn images, judged by a classifier of clean data."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from nlgan_tf.classification import predict_logits
from nlgan_tf.gan.images import to_network_range
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.optimizers import FusedAdam
from nlgan_tf.stack import keras


def accuracy(classifier: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of public images that a one-logit classifier labels rightly."""
    return float(np.mean((predict_logits(classifier, images)[:, 0] > 0) == (labels == 1)))


JUDGE_IMAGES = 180_000


def train_judge(images: np.ndarray, classes: np.ndarray, seed: int = 0) -> keras.Model:
    """A classifier of all classes of a clean data set, to judge drawn images by. For benchmarks alone.

    It sees some 180,000 images, three epochs of MNIST.

    Args:
        images: uint8, shape (n, h, w, c).
        classes: int, 0 to k - 1, shape (n,).

    Returns:
        A half-width stage-two classifier: images in [-1, 1] -> logits (n, k).
    """
    judge = build_classifier(images.shape[1:], width=0.5, num_logits=int(classes.max()) + 1, seed=seed)
    judge.compile(FusedAdam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    dataset = tf.data.Dataset.from_tensor_slices((images, classes)).shuffle(len(images), seed=seed).batch(128)
    dataset = dataset.map(lambda batch, labels: (to_network_range(batch), labels), tf.data.AUTOTUNE)
    judge.fit(dataset.prefetch(2), epochs=max(1, JUDGE_IMAGES // len(images)), shuffle=False, verbose=0)
    return judge


def class_accuracy(judge: keras.Model, images: np.ndarray, classes: np.ndarray) -> float:
    """Share of public images that a classifier of k classes puts into the right one."""
    return float(np.mean(np.argmax(predict_logits(judge, images), axis=1) == classes))


def purity_and_coverage(
    judge: keras.Model, images: np.ndarray, subclasses: list[int]
) -> tuple[float, dict[int, float]]:
    """Label purity and subclass coverage of one generator's images.

    Args:
        judge: as `train_judge` gives it.
        images: what one generator drew, uint8.
        subclasses: the classes that its label stands for.

    Returns:
        The share of images that the judge puts into any of the subclasses, and the share in each.
    """
    judged = np.argmax(predict_logits(judge, images), axis=1)
    coverage = {int(subclass): float(np.mean(judged == subclass)) for subclass in subclasses}
    return sum(coverage.values()), coverage
