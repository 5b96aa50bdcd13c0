"""Extractors out of keras.applications, from pixels in [0, 255] on, with their ImageNet weights."""

from __future__ import annotations

from dataclasses import dataclass

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.training.precision import computing_in


@dataclass(frozen=True)
class Application:
    """What an application wants to see.

    Attributes:
        side: Height and width of its images in pixels.
        scaled: Whether its images are in [-1, 1]; else they are in [0, 255], and the application scales them.
    """

    side: int
    scaled: bool


APPLICATIONS = {
    "EfficientNetB0": Application(224, scaled=False),
    "EfficientNetV2B0": Application(224, scaled=False),
    "MobileNetV3Large": Application(224, scaled=False),
    "MobileNetV3Small": Application(224, scaled=False),
    "InceptionV3": Application(299, scaled=True),
    "MobileNetV2": Application(224, scaled=True),
    "ResNet50V2": Application(224, scaled=True),
    "Xception": Application(299, scaled=True),
}


@computing_in("float32")
def build_application(name: str, weights: str | None = "imagenet") -> keras.Model:
    """Builds an extractor: images in [0, 255], (n, side, side, 3) -> vectors (n, d), the mean of its last maps.

    Args:
        name: Name in `APPLICATIONS`.
        weights: Weights, "imagenet", which Keras downloads once; None for random ones.

    Raises:
        InputError: For an unknown name, or weights that are neither in Keras's cache nor can be downloaded.
    """
    if name not in APPLICATIONS:
        raise InputError(f"Expected an application among {', '.join(APPLICATIONS)}; got {name!r}")
    application = APPLICATIONS[name]
    shape = application.side, application.side, 3
    try:
        network = getattr(keras.applications, name)(
            include_top=False, weights=weights, input_shape=shape, pooling="avg"
        )
    except Exception as error:  # Keras raises a plain Exception.
        raise InputError(
            f"Expected the {weights} weights of {name} in Keras's cache or a connection to download them, "
            f"got {type(error).__name__}: {' '.join(str(error).split())}"
        ) from error
    x = images = keras.Input(shape, name="pixels")
    if application.scaled:
        x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="network_range")(x)
    return keras.Model(images, network(x, training=False), name=f"frozen_{name}")
