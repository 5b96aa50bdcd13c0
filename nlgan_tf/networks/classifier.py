"""The stage-two classifiers: the paper's, the CNN of its reference [5], and a registry of all."""

from __future__ import annotations

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.networks.dropout import CountedDropout
from nlgan_tf.networks.layers import BatchNormalization, Dense, LeakyReLU
from nlgan_tf.networks.residual import build_residual
from nlgan_tf.networks.shapes import check_image_shape, layer_seeds, scaled
from nlgan_tf.networks.small import build_small


def build_classifier(
    image_shape: tuple[int, int, int],
    width: float = 1.0,
    *,
    network: str = "paper",
    num_logits: int = 1,
    seed: int = 0,
) -> keras.Model:
    """Builds the classifier of stage two.

    Args:
        image_shape: Shape (h, w, c); h and w divisible by 4 for "paper".
        width: Factor on every layer's size.
        network: Name in `CLASSIFIERS`: "paper" (the paper's), "small" (batch-normalised, for digits) or "residual"
            (for photographs).
        num_logits: Number of logits: 1 for two classes (positive above 0), the number of classes for more.
        seed: Seed of the initial weights and the dropout masks.

    Returns:
        A functional model: float32 images in [-1, 1], shape (n, h, w, c) -> logits, shape (n, num_logits).

    Raises:
        InputError: For a shape, width or network that is not accepted.
    """
    if network not in CLASSIFIERS:
        raise InputError(f"Expected network to be one of {', '.join(CLASSIFIERS)}; got {network!r}")
    return CLASSIFIERS[network](image_shape, width, num_logits, seed)


def build_paper(image_shape: tuple[int, int, int], width: float, num_logits: int, seed: int) -> keras.Model:
    """Builds conv 5x5x32, pool, conv 5x5x64, pool, FC 1024, dropout 0.5, FC, the CNN of an MNIST tutorial.

    Arguments, returns and errors are those of `build_classifier`.
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


# Builders by name, each called as `build(image_shape, width, num_logits, seed)`.
CLASSIFIERS = {"paper": build_paper, "small": build_small, "residual": build_residual}


def of_plain_layers(classifier: keras.Model) -> keras.Model:
    """The same classifier of Keras's own layers and optimizer, so that its file loads without this package.

    `build_classifier` uses layers of this package: some with faster gradients, and a dropout whose masks a resumed
    training continues. All compute what Keras's do in inference, to the last bit, unless the classifier computes in a
    lower precision: the copy computes in float32.

    Args:
        classifier: Model of `build_classifier`, compiled or not. An optimizer other than Adam is left out.
    """
    plain = keras.models.clone_model(classifier, clone_function=_plain)
    for layer, its_plain in zip(classifier.layers, plain.layers, strict=True):
        if not isinstance(layer, CountedDropout):
            its_plain.set_weights(layer.get_weights())
    optimizer = getattr(classifier, "optimizer", None)
    if isinstance(optimizer, keras.optimizers.Adam):
        accepted = keras.optimizers.Adam().get_config()
        settings = {name: value for name, value in optimizer.get_config().items() if name in accepted}
        adam = keras.saving.serialize_keras_object(keras.optimizers.Adam.from_config(settings))
        plain.compile_from_config({**classifier.get_compile_config(), "optimizer": adam})
        for variable, its_plain in zip(optimizer.variables, plain.optimizer.variables, strict=True):
            its_plain.assign(variable)
    return plain


def _plain(layer: keras.layers.Layer) -> keras.layers.Layer:
    kinds = {
        BatchNormalization: keras.layers.BatchNormalization,
        CountedDropout: keras.layers.Dropout,
        Dense: keras.layers.Dense,
        LeakyReLU: keras.layers.LeakyReLU,
    }
    return kinds.get(type(layer), type(layer)).from_config({**layer.get_config(), "dtype": "float32"})
