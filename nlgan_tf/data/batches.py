"""Batches for both stages: small sets repeat, as the paper upsamples them to 10,000 images (section 3.1)."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from nlgan_tf.data.checks import check_batches, check_integer, check_labels, check_training_images


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
    images = check_training_images(images, scale=scale)
    labels = check_labels(noisy_labels, length=len(images), name="noisy_labels")
    check_batches(batch_size, samples_per_epoch)
    check_integer("seed", seed)
    half = batch_size // 2
    positives, negatives = (
        _deck(np.flatnonzero(labels == label), seed=2 * seed + label).batch(half) for label in (1, 0)
    )
    pixels = tf.constant(images)
    batch_labels = tf.constant(np.repeat([1, 0], half))

    def gather(positive: tf.Tensor, negative: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(pixels, tf.concat([positive, negative], axis=0)), batch_labels

    steps = samples_per_epoch // batch_size
    return tf.data.Dataset.zip((positives, negatives)).take(steps).map(gather).prefetch(2)


def _deck(indices: np.ndarray, seed: int) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(indices).shuffle(len(indices), seed=seed).repeat()
