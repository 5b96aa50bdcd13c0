"""NLGANs whose D is known: it sees how bright an image is, and nothing else."""

from __future__ import annotations

import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras


def brightness_nlgan(shape=(8, 8, 1), slope: float = 4.0, offset: float = 0.0, augment=None) -> nl.NLGAN:
    """An NLGAN with D's logit = offset - slope (mean of the image in [-1, 1]): bright images are positive."""
    pixels = shape[0] * shape[1] * shape[2]
    logit = keras.layers.Dense(
        1,
        kernel_initializer=keras.initializers.Constant(-slope / pixels),
        bias_initializer=keras.initializers.Constant(offset),
    )
    x = keras.Input(shape)
    generators = [nl.build_generator(shape, width=0.1, seed=seed) for seed in (0, 1)]
    discriminator = keras.Model(x, logit(keras.layers.Flatten()(x)))
    return nl.NLGAN(discriminator, *generators, nl.NoisePriors(0.7, 0.85), augment=augment)


def brightness_confidence(images: tf.Tensor) -> tf.Tensor:
    """P(class) of images in [0, 255] that is higher for brighter ones, by a few percent for images of a generator."""
    return tf.sigmoid(tf.reduce_mean(images / 127.5 - 1.0, (1, 2, 3)) * 40.0)
