"""Random brightness, contrast and saturation."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.gan.augment.configured import STRENGTH, Configured


@keras.saving.register_keras_serializable(package="nlgan_tf")
@dataclass(frozen=True)
class RandomColour(Configured):
    """Changes brightness, contrast and saturation of each image, each uniform within its bounds.

    Values may leave [-1, 1].

    Args:
        brightness: Largest absolute summand of all values.
        contrast: Largest absolute log of the factor on the distance from the image's mean.
        saturation: Largest absolute log of the factor on each pixel's distance from its mean over the channels; grey
            images stay as they are.

    Raises:
        InputError: For a negative value.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            STRENGTH.check(item.name, getattr(self, item.name))

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        uniform = tf.random.stateless_uniform((tf.shape(images)[0], 3), seed, -1.0, 1.0, images.dtype)
        brightness, contrast, saturation = tf.split(uniform[:, None, None], 3, axis=-1)
        images = _stretched(images, (1, 2, 3), contrast * self.contrast) + brightness * self.brightness
        return _stretched(images, (3,), saturation * self.saturation)


def _stretched(images: tf.Tensor, axes: tuple[int, ...], log_factor: tf.Tensor) -> tf.Tensor:
    """The images with their distances from the mean over the axes multiplied; exactly the same for a factor of 1."""
    mean = tf.reduce_mean(images, axis=axes, keepdims=True)
    return images + (images - mean) * tf.math.expm1(log_factor)
