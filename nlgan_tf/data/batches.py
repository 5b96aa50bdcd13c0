"""Batches for both stages: small sets repeat, as the paper upsamples them to 10,000 images (section 3.1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nlgan_tf.data.checks import (
    check_batches,
    check_labels,
    check_seed,
    check_soft_labels,
    check_training_images,
)
from nlgan_tf.errors import InputError


def noisy_dataset(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    batch_size: int = 128,
    samples_per_epoch: int = 10_000,
    seed: int = 0,
    scale: float | None = None,
) -> tf.data.Dataset:
    """Returns class-balanced batches for `NLGAN.fit` and for the classifier.

    Each batch has batch_size / 2 images labelled positive and as many labelled negative. Each class is
    dealt from a shuffled deck of its images, which is shuffled again when all are dealt; each epoch has a new order.

    Args:
        images: Images, integers or floats in [0, 255], shape (n, h, w, c) or (n, h, w), as `check_images` accepts.
        noisy_labels: Labels, 0 or 1, shape (n,) or (n, 1).
        batch_size: Number of images in a batch, even.
        samples_per_epoch: Number of images in an epoch of samples_per_epoch // batch_size batches, 78 by default.
        seed: Seed of the order, together with TensorFlow's global seed where one is set.
        scale: Factor on all values of the images, 255 for images in [0, 1].

    Returns:
        Finite dataset of (uint8 or float32 images, shape (batch_size, h, w, c), int64 labels, shape (batch_size,)).

    Raises:
        InputError: For images or labels that are not accepted, fewer than 2 images of a class, an odd batch
            size, or an epoch shorter than a batch.
    """
    images = check_training_images(images, scale=scale, takes_scale=True)
    labels = check_labels(noisy_labels, length=len(images), name="noisy_labels")
    check_batches(batch_size, samples_per_epoch)
    pixels, batch_labels = tf.constant(images), tf.constant(np.repeat([1, 0], batch_size // 2))

    def batch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(pixels, indices), batch_labels

    return _balanced(labels, batch_size, samples_per_epoch, seed, batch)


def judged_batches(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    posterior: np.ndarray,
    batch_size: int = 128,
    samples_per_epoch: int = 10_000,
    seed: int = 0,
) -> tf.data.Dataset:
    """Returns the batches of `noisy_dataset` with the posterior of each image in place of its label.

    Args:
        images, noisy_labels, batch_size, samples_per_epoch, seed: As in `noisy_dataset`.
        posterior: P(truly positive) of each image, in [0, 1], shape (n,).

    Returns:
        Finite dataset of (images, float32 posterior), of shapes (batch_size, h, w, c) and (batch_size,).

    Raises:
        InputError: As in `noisy_dataset`, and for a posterior of another length or outside [0, 1].
    """
    images = check_training_images(images)
    labels = check_labels(noisy_labels, length=len(images), name="noisy_labels")
    posterior = check_soft_labels(posterior, len(images), name="posterior")
    check_batches(batch_size, samples_per_epoch)
    pixels, probabilities = tf.constant(images), tf.constant(posterior)

    def batch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(pixels, indices), tf.gather(probabilities, indices)

    return _balanced(labels, batch_size, samples_per_epoch, seed, batch)


def soft_label_batches(
    images: np.ndarray | None,
    labels: np.ndarray | None,
    drawn_images: np.ndarray | None,
    drawn_labels: np.ndarray | None,
    batch_size: int = 128,
    samples_per_epoch: int = 10_000,
    seed: int = 0,
) -> tf.data.Dataset:
    """Returns batches of originals and drawn images with soft labels, for the classifier.

    Each batch has batch_size / 2 originals, then as many drawn images; where one kind is left out (None), the other
    fills the batch. Each kind is dealt from a shuffled deck of all its images, which is shuffled again when all are
    dealt; each epoch has a new order.

    Args:
        images: Originals, integers or floats in [0, 255], shape (n, h, w, c) or (n, h, w), or None.
        labels: Probabilities of the positive class, in [0, 1], shape (n,), or None.
        drawn_images: Drawn images, as `images`.
        drawn_labels: Probabilities, as `labels`.
        batch_size: Number of images in a batch, even.
        samples_per_epoch: Number of images in an epoch of samples_per_epoch // batch_size batches.
        seed: Seed of the order, together with TensorFlow's global seed where one is set.

    Returns:
        Finite dataset of (uint8 or float32 images, shape (batch_size, h, w, c), float32 labels, shape (batch_size,)).

    Raises:
        InputError: For images or labels that are not accepted, neither kind, kinds of different shapes, an odd batch
            size, or an epoch shorter than a batch.
    """
    check_batches(batch_size, samples_per_epoch)
    check_seed(seed)
    kinds = [
        _checked(*kind)
        for kind in ((images, labels, "labels"), (drawn_images, drawn_labels, "drawn_labels"))
        if kind[0] is not None
    ]
    if not kinds:
        raise InputError("Expected images, drawn_images or both, got neither")
    pixels = [tf.constant(array) for array in _of_one_dtype([array for array, _ in kinds])]
    probabilities = [tf.constant(array) for _, array in kinds]
    decks = tuple(
        _deck(np.arange(len(array)), seed=2 * seed + number).batch(batch_size // len(kinds))
        for number, (array, _) in enumerate(kinds)
    )

    @tf.autograph.experimental.do_not_convert
    def gather(*indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tuple(
            tf.concat([tf.gather(part, index) for part, index in zip(parts, indices, strict=True)], axis=0)
            for parts in (pixels, probabilities)
        )

    steps = samples_per_epoch // batch_size
    return tf.data.Dataset.zip(decks).take(steps).map(gather).prefetch(2)


def _checked(images: np.ndarray, labels: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and their soft labels, converted; InputError where they are not accepted, or none are given."""
    images = check_training_images(images)
    if not len(images):
        raise InputError(f"Expected at least one image with {name}, got none")
    return images, check_soft_labels(labels, len(images), name=name)


def _of_one_dtype(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Images as they are, or all as floats where some are; InputError for different shapes."""
    shapes = sorted({array.shape[1:] for array in arrays})
    if len(shapes) > 1:
        raise InputError(f"Expected images and drawn images of one shape, got {shapes[0]} and {shapes[1]}")
    return [array.astype(np.result_type(*arrays), copy=False) for array in arrays]


def _balanced(
    labels: np.ndarray, batch_size: int, samples_per_epoch: int, seed: int, batch: Callable[[tf.Tensor], tuple]
) -> tf.data.Dataset:
    """`batch` of the indices of each batch: half of the images labelled positive, then as many labelled negative."""
    check_seed(seed)
    positives, negatives = (
        _deck(np.flatnonzero(labels == label), seed=2 * seed + label).batch(batch_size // 2) for label in (1, 0)
    )
    steps = samples_per_epoch // batch_size
    indices = tf.data.Dataset.zip((positives, negatives)).take(steps)

    @tf.autograph.experimental.do_not_convert
    def both(*halves: tf.Tensor) -> tuple:
        return batch(tf.concat(halves, axis=0))

    return indices.map(both).prefetch(2)


def _deck(indices: np.ndarray, seed: int) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(indices).shuffle(len(indices), seed=seed).repeat()
