"""Batches for both stages: small sets repeat, as the paper upsamples them to 10,000 images (section 3.1)."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from nlgan_tf.data.checks import check_batches, check_images, check_labels


def noisy_dataset(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    batch_size: int = 128,
    samples_per_epoch: int = 10_000,
    seed: int = 0,
) -> tf.data.Dataset:
    """Class-balanced batches for `NLGAN.fit` and for the classifier.

    Each batch holds batch_size / 2 images labelled positive and as many labelled negative. Either class is
    dealt from a shuffled deck of its images, shuffled again when it runs out; the order is new in each epoch.

    Args:
        images: uint8, or floats in [0, 255], shape (n, h, w, c).
        noisy_labels: 0 or 1, shape (n,).
        batch_size: even.
        samples_per_epoch: an epoch is samples_per_epoch // batch_size batches: 78 by default.
        seed: of the order, together with TensorFlow's global seed if that is set.

    Returns:
        A finite dataset of (images in their dtype, int64 labels).

    Raises:
        ValueError: for images or labels that are not accepted, fewer than 2 images of a class, an odd batch
            size, or an epoch shorter than a batch.
    """
    images = check_images(images)
    labels = check_labels(noisy_labels, length=len(images))
    check_batches(batch_size, samples_per_epoch)
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
