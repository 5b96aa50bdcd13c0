"""A small residual classifier (He et al. 2016), for photographs."""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.blocks import convolution, leaky_relu, normalised_convolution, pooled_logits
from nlgan_tf.networks.shapes import check_image_shape, layer_seeds, scaled

STEM_FILTERS = 24
# Filters and stride of each residual block.
BLOCKS = ((48, 1), (96, 2), (128, 2))


def build_residual(image_shape: tuple[int, int, int], width: float, num_logits: int, seed: int) -> keras.Model:
    """Builds conv 3x3x24, pool, residual blocks of 48, 96 (stride 2) and 128 (stride 2) filters, average, FC.

    A block is conv 3x3, batch norm, LeakyReLU, conv 3x3, batch norm, to which its input is added, averaged over the
    stride and by a convolution 1x1 where the number of filters changes; then LeakyReLU.

    Arguments, returns and errors are those of `nlgan_tf.networks.classifier.build_classifier`.
    """
    seeds = layer_seeds(seed)
    x = images = keras.Input(check_image_shape(image_shape), name="images")
    x = normalised_convolution(x, scaled(STEM_FILTERS, width), seeds, "stem")
    x = keras.layers.MaxPooling2D(2, padding="same", name="pool_stem")(x)
    for number, (filters, strides) in enumerate(BLOCKS, start=1):
        x = _block(x, scaled(filters, width), strides, seeds, str(number))
    return keras.Model(images, pooled_logits(x, num_logits, seeds), name="classifier")


def _block(x: tf.Tensor, filters: int, strides: int, seeds: Iterator[int], name: str) -> tf.Tensor:
    y = normalised_convolution(x, filters, seeds, f"{name}a", strides=strides)
    y = normalised_convolution(y, filters, seeds, f"{name}b", activation=False)
    if strides > 1:
        # As the convolution, for sides of any number of pixels.
        x = keras.layers.AveragePooling2D(strides, padding="same", name=f"pool_{name}")(x)
    if x.shape[-1] != filters:
        x = convolution(x, filters, 1, seeds, f"shortcut_{name}")
    return leaky_relu(keras.layers.Add(name=f"sum_{name}")([x, y]), name)
