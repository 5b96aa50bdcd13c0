"""A small batch-normalised classifier, for digits."""

from __future__ import annotations

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.blocks import normalised_convolution, pooled_logits
from nlgan_tf.networks.shapes import check_image_shape, layer_seeds, scaled

# Filters and stride of each convolution.
CONVOLUTIONS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1))


def build_small(image_shape: tuple[int, int, int], width: float, num_logits: int, seed: int) -> keras.Model:
    """Builds conv 3x3x16, 32 (stride 2), 32, 64 (stride 2), 64, each with batch norm and LeakyReLU, average, FC.

    Arguments, returns and errors are those of `nlgan_tf.networks.classifier.build_classifier`.
    """
    seeds = layer_seeds(seed)
    x = images = keras.Input(check_image_shape(image_shape), name="images")
    for number, (filters, strides) in enumerate(CONVOLUTIONS, start=1):
        x = normalised_convolution(x, scaled(filters, width), seeds, str(number), strides=strides)
    return keras.Model(images, pooled_logits(x, num_logits, seeds), name="classifier")
