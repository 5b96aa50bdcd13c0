"""The stage-two classifier: the CNN of a well-known MNIST tutorial, which the paper takes from its reference [5]."""

from __future__ import annotations

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.dropout import CountedDropout
from nlgan_tf.networks.layers import Dense
from nlgan_tf.networks.shapes import check_image_shape, layer_seeds, scaled


def build_classifier(
    image_shape: tuple[int, int, int],
    width: float = 1.0,
    *,
    num_logits: int = 1,
    seed: int = 0,
) -> keras.Model:
    """Conv 5x5x32, pool, conv 5x5x64, pool, FC 1024, dropout 0.5, FC.

    Args:
        image_shape: (h, w, c), h and w divisible by 4.
        width: factor on every layer's size.
        num_logits: 1 for two classes (positive above 0); the number of classes for more.
        seed: of the initial weights and the dropout masks.

    Returns:
        A functional model: float32 images in [-1, 1], shape (n, h, w, c) -> logits, shape (n, num_logits).

    Raises:
        ValueError: for a shape that is not accepted.
    """
    seeds = layer_seeds(seed)

    def glorot():
        return keras.initializers.GlorotUniform(seed=next(seeds))

    x = images = keras.Input(check_image_shape(image_shape, divisor=4), name="images")
    for level, filters in enumerate((32, 64), start=1):
        x = keras.layers.Conv2D(
            scaled(filters, width),
            5,
            padding="same",
            activation="relu",
            kernel_initializer=glorot(),
            name=f"conv_{level}",
        )(x)
        x = keras.layers.MaxPooling2D(2, name=f"pool_{level}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = Dense(scaled(1024, width), activation="relu", kernel_initializer=glorot(), name="fc")(x)
    x = CountedDropout(0.5, seed=next(seeds), name="dropout")(x)
    logits = Dense(num_logits, kernel_initializer=glorot(), dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="classifier")
