"""Differentiable augmentation of every image that D sees (after Zhao et al. 2020, "DiffAugment")."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.stack import keras


@keras.saving.register_keras_serializable(package="nlgan_tf")
class RandomTranslation:
    """Shifts each image by whole pixels, up to a share of its sides, repeating the edge.

    Args:
        max_fraction: the largest shift as a share of the side, in [0, 1); 1/8 is 2 pixels of 16, 3 of 28.
        probability: the share of the images that is shifted, in [0, 1].

    Raises:
        ValueError: for values outside these ranges.
    """

    def __init__(self, max_fraction: float = 0.125, probability: float = 1.0) -> None:
        if not 0 <= max_fraction < 1 or not 0 <= probability <= 1:
            raise ValueError(
                f"translation by max_fraction={max_fraction} with probability={probability} is out of range: "
                "accepted are [0, 1) and [0, 1]"
            )
        self.max_fraction = max_fraction
        self.probability = probability

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Images, shape (n, h, w, c), each under its own shift; the gradient passes.

        `seed` is an integer tensor of shape (2,): the same seed gives the same shifts.
        """
        n, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
        uniform = tf.random.stateless_uniform((n, 3), seed)
        chosen = tf.cast(uniform[:, 2] < self.probability, tf.float32)
        dy = self._shift(uniform[:, 0], height) * tf.cast(chosen, tf.int32)
        dx = self._shift(uniform[:, 1], width) * tf.cast(chosen, tf.int32)
        return translate(images, dy, dx)

    def _shift(self, uniform: tf.Tensor, side: int) -> tf.Tensor:
        most = int(self.max_fraction * side)
        return tf.cast(tf.floor(uniform * (2 * most + 1)), tf.int32) - most

    def get_config(self) -> dict:
        return {"max_fraction": self.max_fraction, "probability": self.probability}

    @classmethod
    def from_config(cls, config: dict) -> RandomTranslation:
        return cls(**config)


def translate(images: tf.Tensor, dy: tf.Tensor, dx: tf.Tensor) -> tf.Tensor:
    """Each image (h, w, c) moved down by dy[i] and right by dx[i] pixels, repeating the edge.

    As products with 0/1 matrices: these and their gradients are batched matrix products on every device,
    where gathers would scatter on the way back.
    """
    rows = _shift_matrices(dy, images.shape[1], images.dtype)
    columns = _shift_matrices(dx, images.shape[2], images.dtype)
    return tf.einsum("njl,nilc->nijc", columns, tf.einsum("nik,nklc->nilc", rows, images))


def _shift_matrices(shifts: tf.Tensor, side: int, dtype: tf.DType) -> tf.Tensor:
    source = tf.clip_by_value(tf.range(side) - shifts[:, tf.newaxis], 0, side - 1)
    return tf.one_hot(source, side, dtype=dtype)
