"""Random affine maps: rotation, scale, shear, shift and flip."""

from __future__ import annotations

import math
from dataclasses import dataclass

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import Option
from nlgan_tf.gan.augment.configured import SHARE, STRENGTH, Configured
from nlgan_tf.gan.augment.sampling import FILLS, bilinear


@keras.saving.register_keras_serializable(package="nlgan_tf")
@dataclass(frozen=True)
class RandomAffine(Configured):
    """Maps each image by an affine map of its own about the centre, each part uniform within its bounds.

    Args:
        rotation: Largest angle in degrees.
        log_scale: Largest absolute log of the scale; the width alone is scaled once more, by half as much.
        shear: Largest horizontal shift of a row in pixels per pixel of its distance from the middle row.
        shift: Largest shift along each axis as a share of that side, in [0, 1].
        fill: Surroundings of an image: "constant" (-1, black) or "reflect" (the image mirrored, edge included).
        flip: Whether half of the mapped images are mirrored left to right.
        probability: Share of the images that is mapped, in [0, 1].

    Raises:
        InputError: For values outside these ranges, or another fill.
    """

    rotation: float = 0.0
    log_scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    fill: str = "constant"
    flip: bool = False
    probability: float = 1.0

    def __post_init__(self) -> None:
        for name in ("rotation", "log_scale", "shear"):
            STRENGTH.check(name, getattr(self, name))
        for name in ("shift", "probability"):
            SHARE.check(name, getattr(self, name))
        Option("Surroundings", choices=FILLS).check("fill", self.fill)

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        uniform = tf.random.stateless_uniform((tf.shape(images)[0], 8), seed, -1.0, 1.0)
        mapped = tf.cast(uniform[:, 7] < 2 * self.probability - 1, tf.float32)
        draws = tf.unstack(uniform[:, :7] * mapped[:, tf.newaxis], axis=1)
        angle, scale, width_scale, shear, right, down, mirror = draws
        angle, shear = angle * (self.rotation * math.pi / 180), shear * self.shear
        scale, width_scale = tf.exp(scale * self.log_scale), tf.exp(width_scale * self.log_scale / 2)
        if self.flip:
            width_scale *= tf.where(mirror > 0, -1.0, 1.0)
        # Rows of the linear part, from pixels of the result to pixels of the image.
        x_row = tf.stack([tf.cos(angle) * width_scale, shear - tf.sin(angle)], axis=1) * scale[:, None]
        y_row = tf.stack([tf.sin(angle) * width_scale, tf.cos(angle)], axis=1) * scale[:, None]
        height, width = images.shape[1], images.shape[2]
        shifts = tf.stack([right * (self.shift * width), down * (self.shift * height)], axis=1)
        return warp(images, tf.stack([x_row, y_row], axis=1), shifts, self.fill)


def warp(images: tf.Tensor, linear: tf.Tensor, shifts: tf.Tensor, fill: str = "constant") -> tf.Tensor:
    """Returns images whose value at p is the image's, interpolated, at `linear (p - centre - shift) + centre`.

    Args:
        images: Images, shape (n, h, w, c).
        linear: Linear part of each image's map, rows for x and y, shape (n, 2, 2).
        shifts: Pixels to the right and down by which each image moves, shape (n, 2).
        fill: "constant" (-1, black) or "reflect", see `RandomAffine`.
    """
    height, width = images.shape[1], images.shape[2]
    x_centre, y_centre = (width - 1) / 2, (height - 1) / 2
    a, b, c, d = _of_each_image(tf.reshape(linear, (-1, 4)))
    right, down = _of_each_image(shifts)
    x = tf.range(width, dtype=tf.float32) - x_centre - right
    y = tf.range(height, dtype=tf.float32)[:, tf.newaxis] - y_centre - down
    return bilinear(images, a * x + b * y + x_centre, c * x + d * y + y_centre, fill)


def _of_each_image(values: tf.Tensor) -> list[tf.Tensor]:
    """The columns of values, shape (n, k), each of shape (n, 1, 1)."""
    # No slice with new axes: of stacked values TensorFlow's graph optimizer loses the new axes.
    return [tf.reshape(column, (-1, 1, 1)) for column in tf.unstack(values, axis=1)]
