"""Labels of a batch in a training or test step: a vector, a column, or {"noisy": ..., "clean": ...}."""

from __future__ import annotations

import tensorflow as tf


def noisy_labels(labels: tf.Tensor | dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns the noisy labels of a batch."""
    return labels["noisy"] if isinstance(labels, dict) else labels


def is_positive(labels: tf.Tensor) -> tf.Tensor:
    """Returns which labels are 1, bool, shape (n,)."""
    return tf.reshape(labels, [-1]) == 1


def by_label(values: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Splits values into those of images labelled positive and those of images labelled negative."""
    positive = is_positive(labels)
    return tf.boolean_mask(values, positive), tf.boolean_mask(values, ~positive)


def agreement(positive: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns 1.0 where a prediction, bool, is the label, and 0.0 elsewhere, float32, shape (n,)."""
    return tf.cast(tf.equal(positive, is_positive(labels)), tf.float32)
