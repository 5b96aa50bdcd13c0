"""Networks that tell originals from drawn images of each class, for the refinement of the generators."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.layers import LeakyReLU
from nlgan_tf.networks.shapes import FILTERS, check_image_shape, default_levels, layer_seeds, scaled
from nlgan_tf.networks.spectral import spectral_normalize


class RealnessLogits(keras.layers.Layer):
    """R_P and R_N, logits that are high on originals and low on drawn images of their class.

    Each is a projection of the features on a direction w / |w|, times `scale`, plus a bias: float32, shape (n, 2).

    Args:
        scale: Factor on the projections. Features pass spectrally normalised layers, and may be small.
    """

    def __init__(self, scale: float = 1.0, **kwargs) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.scale = scale

    def build(self, input_shape: tuple) -> None:
        # Of length 1: a step of Adam turns long vectors too little.
        unit = keras.initializers.RandomNormal(stddev=input_shape[-1] ** -0.5, seed=0)
        self.directions = self.add_weight(name="directions", shape=(input_shape[-1], 2), initializer=unit)
        self.bias = self.add_weight(name="bias", shape=(2,), initializer="zeros")
        super().build(input_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        directions = tf.math.l2_normalize(tf.convert_to_tensor(self.directions), axis=0)
        return self.scale * tf.matmul(features, directions) + tf.convert_to_tensor(self.bias)

    def get_config(self) -> dict:
        return {**super().get_config(), "scale": self.scale}


def build_critic(image_shape: tuple[int, int, int], width: float = 1.0, *, seed: int = 0) -> keras.Model:
    """Builds a critic: conv 3x3, stride-2 convolutions 4x4 of 64, 128 (and 256) filters, conv 3x3, `RealnessLogits`.

    All layers are spectrally normalised, LeakyReLU follows each convolution.

    Args:
        image_shape: Shape (h, w, c), h and w divisible by 4.
        width: Factor on every layer's size.
        seed: Seed of the initial weights.

    Returns:
        A functional model: float32 images in [-1, 1], shape (n, h, w, c) -> R_P and R_N, float32, shape (n, 2).

    Raises:
        InputError: For a shape or width that is not accepted.
    """
    levels = default_levels(image_shape)
    seeds = layer_seeds(seed)
    filters = [scaled(count, width) for count in FILTERS[:levels]]
    # Filters, side and stride of each convolution; the strided ones halve the map.
    convolutions = [(filters[0], 3, 1), *((count, 4, 2) for count in filters), (filters[-1], 3, 1)]
    x = images = keras.Input(check_image_shape(image_shape, divisor=2**levels), name="images")
    for number, (count, side, stride) in enumerate(convolutions, start=1):
        glorot = keras.initializers.GlorotUniform(seed=next(seeds))
        convolution = keras.layers.Conv2D(count, side, stride, "same", kernel_initializer=glorot, name=f"conv_{number}")
        x = LeakyReLU(0.2, name=f"conv_{number}_relu")(spectral_normalize(convolution, "exact")(x))
    return with_realness(images, keras.layers.Flatten(name="flatten")(x), scale=1.0)


def with_realness(images: tf.Tensor, features: tf.Tensor, scale: float) -> keras.Model:
    """Returns the critic of symbolic images that reads R_P and R_N from features of theirs, shape (n, d)."""
    return keras.Model(images, RealnessLogits(scale, name="realness")(features), name="critic")
