"""Between public images, [0, 255], and what networks see, float32 in [-1, 1]."""

from __future__ import annotations

import tensorflow as tf


def to_network_range(images: tf.Tensor) -> tf.Tensor:
    """Public images of any dtype, values in [0, 255] -> float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_public_range(images: tf.Tensor) -> tf.Tensor:
    """Images in [-1, 1] -> uint8, rounded."""
    return tf.cast(tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0.0, 255.0), tf.uint8)
