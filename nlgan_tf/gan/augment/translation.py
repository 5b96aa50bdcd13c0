"""Random shifts by whole pixels."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError


@keras.saving.register_keras_serializable(package="nlgan_tf")
class RandomTranslation:
    """Shifts by whole pixels, up to a share of the sides, repeating the edge.

    Args:
        max_fraction: Largest shift as a share of the side, in [0, 1); 1/8 is 2 pixels of 16, 3 of 28.
        probability: Share of the images that is shifted, in [0, 1].

    Raises:
        InputError: For values outside these ranges.
    """

    def __init__(self, max_fraction: float = 0.125, probability: float = 1.0) -> None:
        if not 0 <= max_fraction < 1 or not 0 <= probability <= 1:
            raise InputError(
                "Expected max_fraction in [0, 1) and probability in [0, 1], "
                f"got max_fraction={max_fraction}, probability={probability}"
            )
        self.max_fraction = max_fraction
        self.probability = probability

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        height, width = images.shape[1], images.shape[2]
        uniform = tf.random.stateless_uniform((tf.shape(images)[0], 3), seed)
        chosen = tf.cast(uniform[:, 2] < self.probability, tf.int32)
        dy, dx = self._shift(uniform[:, 0], height), self._shift(uniform[:, 1], width)
        return translate(images, dy * chosen, dx * chosen)

    def _shift(self, uniform: tf.Tensor, side: int) -> tf.Tensor:
        most = int(self.max_fraction * side)
        return tf.cast(tf.floor(uniform * (2 * most + 1)), tf.int32) - most

    def get_config(self) -> dict:
        return {"max_fraction": self.max_fraction, "probability": self.probability}

    @classmethod
    def from_config(cls, config: dict) -> RandomTranslation:
        return cls(**config)


def translate(images: tf.Tensor, dy: tf.Tensor, dx: tf.Tensor) -> tf.Tensor:
    """Returns each image (h, w, c) moved down by dy[i] and right by dx[i] pixels, the edge repeated.

    Products with 0/1 matrices and their gradients are batched matrix products on every device, where the gradient of
    a gather would be a scatter.
    """
    rows = _shift_matrices(dy, images.shape[1], images.dtype)
    columns = _shift_matrices(dx, images.shape[2], images.dtype)
    return tf.einsum("njl,nilc->nijc", columns, tf.einsum("nik,nklc->nilc", rows, images))


def _shift_matrices(shifts: tf.Tensor, side: int, dtype: tf.DType) -> tf.Tensor:
    source = tf.clip_by_value(tf.range(side) - shifts[:, tf.newaxis], 0, side - 1)
    return tf.one_hot(source, side, dtype=dtype)
