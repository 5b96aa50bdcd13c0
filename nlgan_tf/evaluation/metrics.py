"""Accuracy of classifiers; purity and memorisation of drawn images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from sklearn.neighbors import NearestNeighbors

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.data.pixels import in_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.training.optimizers import FusedAdam

JUDGE_IMAGES = 180_000


def accuracy(classifier: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Returns the share of images that a classifier labels rightly, in [0, 1].

    Args:
        classifier: Network from images in [-1, 1] to one logit, above 0 for positive.
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        labels: True labels, 0 or 1, shape (n,).

    Raises:
        InputError: For images or labels that are not accepted.
    """
    images = check_images(images)
    labels = check_labels(labels, length=len(images), minimum_per_class=0)
    return float(np.mean((predict_logits(classifier, images)[:, 0] > 0) == (labels == 1)))


def train_judge(images: np.ndarray, classes: np.ndarray, seed: int = 0) -> keras.Model:
    """Returns a classifier of all classes of a clean data set, to judge drawn images by. For benchmarks alone.

    The training sees some 180,000 images, three epochs of MNIST.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        classes: Classes, int, 0 to k - 1, shape (n,).
        seed: Seed of weights, dropout and order.

    Returns:
        A half-width stage-two classifier, from images in [-1, 1] to logits (n, k).

    Raises:
        InputError: For images that are not accepted.
    """
    images = check_images(images)
    judge = build_classifier(images.shape[1:], width=0.5, num_logits=int(classes.max()) + 1, seed=seed)
    judge.compile(FusedAdam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    dataset = tf.data.Dataset.from_tensor_slices((images, classes)).shuffle(len(images), seed=seed).batch(128)
    dataset = dataset.map(in_network_range, tf.data.AUTOTUNE)
    judge.fit(dataset.prefetch(2), epochs=max(1, JUDGE_IMAGES // len(images)), shuffle=False, verbose=0)
    return judge


def class_accuracy(judge: keras.Model, images: np.ndarray, classes: np.ndarray) -> float:
    """Returns the share of images that a classifier of k classes puts into the right one, in [0, 1].

    Args:
        judge: Classifier, as `train_judge` returns one.
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        classes: True classes, int, 0 to k - 1, shape (n,).
    """
    return float(np.mean(np.argmax(predict_logits(judge, check_images(images)), axis=1) == classes))


def purity_and_coverage(
    judge: keras.Model, images: np.ndarray, subclasses: list[int]
) -> tuple[float, dict[int, float]]:
    """Returns label purity and subclass coverage of one generator's images.

    Args:
        judge: Classifier, as `train_judge` returns one.
        images: Images that one generator drew, uint8, shape (n, h, w, c).
        subclasses: Classes that the generator's label means, 0 to k - 1.

    Returns:
        The share of images that the judge puts into any of the subclasses, and the share in each, in [0, 1].
    """
    judged = np.argmax(predict_logits(judge, check_images(images)), axis=1)
    coverage = {int(subclass): float(np.mean(judged == subclass)) for subclass in subclasses}
    return sum(coverage.values()), coverage


def judge_features(judge: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns the judge's last hidden layer for images, float32, shape (n, units): features to compare images by."""
    hidden = keras.Model(judge.inputs, judge.get_layer("fc").output)
    return predict_logits(hidden, check_images(images))


@dataclass(frozen=True)
class Memorisation:
    """Distances to the nearest training image, in grey levels (root mean square over pixels).

    Attributes:
        drawn: Median over drawn images.
        held_out: Median over real images that were not trained on.
        closer: Share of drawn images that lie closer than 95% of the held-out ones do; about .05 where nothing is
            memorised.
    """

    drawn: float
    held_out: float
    closer: float


def memorisation(training: np.ndarray, drawn: np.ndarray, held_out: np.ndarray) -> Memorisation:
    """Returns whether drawn images are copies of training images, with held-out real images as the measure.

    Args:
        training, drawn, held_out: Images, uint8 or floats in [0, 255], each of shape (n, h, w, c), n at least 1.

    Raises:
        InputError: For a set without images, or images that are not accepted or differ in shape.
    """
    training = check_images(training)
    drawn, held_out = (check_images(images, shape=training.shape[1:]) for images in (drawn, held_out))
    for name, images in (("training", training), ("drawn", drawn), ("held-out", held_out)):
        if not len(images):
            raise InputError(f"Expected at least 1 {name} image, got 0")
    neighbours = NearestNeighbors(n_neighbors=1).fit(_flat(training))
    distances = {
        name: neighbours.kneighbors(_flat(images))[0][:, 0] / np.sqrt(np.prod(training.shape[1:]))
        for name, images in (("drawn", drawn), ("held_out", held_out))
    }
    near = np.quantile(distances["held_out"], 0.05)
    medians = {name: float(np.median(values)) for name, values in distances.items()}
    return Memorisation(**medians, closer=float(np.mean(distances["drawn"] < near)))


def nearest_images(real: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Returns the place of the nearest real image of each drawn one, int64, shape (m,), by the distance of all pixels.

    Args:
        real: Images, uint8 or floats in [0, 255], shape (n, h, w, c), n at least 1.
        drawn: Images of the same shape, (m, h, w, c), m at least 1.
    """
    neighbours = NearestNeighbors(n_neighbors=1).fit(_flat(real))
    return neighbours.kneighbors(_flat(drawn), return_distance=False)[:, 0]


def _flat(images: np.ndarray) -> np.ndarray:
    return np.asarray(images, np.float32).reshape(len(images), -1)
