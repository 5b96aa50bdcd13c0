"""Random squares cut out (DeVries and Taylor 2017, "Cutout")."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import Option
from nlgan_tf.gan.augment.configured import SHARE, Configured


@keras.saving.register_keras_serializable(package="nlgan_tf")
@dataclass(frozen=True)
class RandomCutout(Configured):
    """Sets one square of each image to a value; its middle is any point of the image, so edges may cut the square.

    Args:
        side: Side of the square as a share of the image's shorter side, in [0, 1].
        probability: Share of the images that is cut, in [0, 1].
        fill: Value of the square, in [-1, 1]; 0 is grey.

    Raises:
        InputError: For values outside these ranges.
    """

    side: float
    probability: float = 1.0
    fill: float = 0.0

    def __post_init__(self) -> None:
        for name in ("side", "probability"):
            SHARE.check(name, getattr(self, name))
        Option("Value", least=-1, most=1).check("fill", self.fill)

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        height, width = images.shape[1], images.shape[2]
        reach = self.side * min(height, width) / 2
        uniform = tf.random.stateless_uniform((tf.shape(images)[0], 3), seed)
        chosen = uniform[:, 2] < self.probability
        rows = _near(uniform[:, 0] * height, height, reach) & chosen[:, None]
        columns = _near(uniform[:, 1] * width, width, reach)
        cut = rows[:, :, None, None] & columns[:, None, :, None]
        return tf.where(cut, tf.cast(self.fill, images.dtype), images)


def _near(middle: tf.Tensor, side: int, reach: float) -> tf.Tensor:
    """Whether each pixel's middle is less than `reach` from each of the points, shape (n, side)."""
    return tf.abs(tf.range(side, dtype=tf.float32) + 0.5 - middle[:, None]) < reach
