"""Frozen feature extractors: a trained Keras model as a function of images to vectors, and as trunk of a classifier."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_images
from nlgan_tf.data.pixels import map_rows, to_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.files import digest
from nlgan_tf.training.precision import computing_in

# Images a call: an extractor may resize images to many times their size.
ROWS_A_CALL = 64
# Sets of images whose vectors are kept.
SETS_KEPT = 8


class FrozenFeatures:
    """The vectors that a frozen Keras model makes of images, computed once for each set of images.

    Args:
        extractor: Model, images in [0, 255], (n, h, w, c) -> vectors (n, d) or maps (n, h', w', d), whose mean is
            taken. Images are resized where the model has a fixed size; grey ones are repeated for 3 channels.
        image_shape: Shape (h, w, c) of the images.
        name: Name of the extractor, for messages and records.

    Attributes:
        trunk: Functional model, images in [-1, 1], (n, h, w, c) -> vectors, float32, (n, d).

    Raises:
        InputError: For a model of other inputs or outputs, or other numbers of channels.
    """

    def __init__(self, extractor: keras.Model, image_shape: tuple[int, int, int], name: str | None = None) -> None:
        self.trunk = build_trunk(extractor, image_shape)
        self.name = name or extractor.name
        self._known: dict[str, np.ndarray] = {}

    @property
    def size(self) -> int:
        """Numbers in a vector."""
        return self.trunk.output_shape[-1]

    @property
    def weights(self) -> list[bytes]:
        """The weights of the extractor as bytes, by which a run knows that the extractor is the same."""
        return [weight.tobytes() for weight in self.trunk.get_weights()]

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns vectors, float32, shape (n, d), of images, uint8 or floats in [0, 255], shape (n, h, w, c).

        Raises:
            InputError: For other images, or vectors that are not finite.
        """
        images = check_images(images, self.trunk.input_shape[1:])
        key = digest(str((images.dtype, images.shape)).encode(), np.ascontiguousarray(images).tobytes())
        if key in self._known:
            self._known[key] = self._known.pop(key)  # The last used is the last.
        else:
            vectors = map_rows(lambda rows: self.trunk(to_network_range(rows), training=False), images, ROWS_A_CALL)
            if not np.isfinite(vectors).all():
                raise InputError(f"Expected finite features of {self.name}, got NaN or infinity")
            self._known[key] = vectors
            for oldest in list(self._known)[:-SETS_KEPT]:
                del self._known[oldest]
        return self._known[key]


@computing_in("float32")
def build_trunk(extractor: keras.Model, image_shape: tuple[int, int, int]) -> keras.Model:
    """Returns a functional model, images in [-1, 1], (n, h, w, c) -> vectors, float32, (n, d), around an extractor.

    Arguments and errors are those of `FrozenFeatures`.
    """
    height, width, channels = _checked_input(extractor, image_shape)
    x = images = keras.Input(image_shape, name="images")
    x = keras.layers.Rescaling(127.5, offset=127.5, name="public_range")(x)
    if image_shape[-1] != channels:
        x = keras.layers.Concatenate(name="as_colour")([x] * channels)
    if (height, width) != image_shape[:2]:
        x = keras.layers.Resizing(height, width, name="resized")(x)
    x = _with_names_to_export(extractor)(x, training=False)
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    vectors = keras.layers.Activation("linear", dtype="float32", name="vectors")(x)
    return keras.Model(images, vectors, name="trunk")


def _with_names_to_export(extractor: keras.Model) -> keras.Model:
    """Returns the extractor, or its copy where a layer's name, such as "_stem", would be refused in a SavedModel."""
    refused = {name for name in _layer_names(extractor) if not re.match("[A-Za-z0-9.]", name)}
    if not refused:
        return extractor

    def renamed(part):
        if isinstance(part, dict):
            return {key: renamed(value) for key, value in part.items()}
        if isinstance(part, list | tuple):
            return type(part)(map(renamed, part))
        return f"layer{part}" if isinstance(part, str) and part in refused else part

    copy = type(extractor).from_config(renamed(extractor.get_config()))
    copy.set_weights(extractor.get_weights())
    return copy


def _layer_names(model: keras.Model) -> Iterator[str]:
    for layer in model.layers:
        yield layer.name
        if isinstance(layer, keras.Model):
            yield from _layer_names(layer)


def _checked_input(extractor: keras.Model, image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Returns the shape (h, w, c) that the extractor takes; where the extractor takes any size, that of the images."""
    inputs, outputs = (getattr(extractor, name, None) or [] for name in ("inputs", "outputs"))
    if not (len(inputs) == len(outputs) == 1 and len(inputs[0].shape) == 4 and len(outputs[0].shape) in (2, 4)):
        shapes = [tuple(tensor.shape) for tensor in (*inputs, *outputs)]
        raise InputError(
            "Expected features to be a model of images (n, h, w, c) to vectors (n, d), "
            f"got one of {' and '.join(map(str, shapes)) or 'no fixed inputs and outputs'}"
        )
    height, width, channels = inputs[0].shape[1:]
    if channels != image_shape[-1] and (channels, image_shape[-1]) != (3, 1):
        raise InputError(f"Expected features of images with {image_shape[-1]} channels, got a model of {channels}")
    return height or image_shape[0], width or image_shape[1], channels


@computing_in("float32")
def build_head(trunk: keras.Model, weights: np.ndarray, bias: float) -> keras.Model:
    """Returns a classifier: a linear function of the trunk's vectors, scaled to length 1.

    Args:
        trunk: Model of `build_trunk`.
        weights: Weight of each number of the vectors, shape (d,).
        bias: Logit of a vector of zeros.

    Returns:
        A functional model of Keras's own layers around the extractor: float32 images in [-1, 1], shape (n, h, w, c) ->
        logits, shape (n, 1), positive above 0.
    """
    x = keras.layers.UnitNormalization(name="unit")(trunk.output)
    head = keras.layers.Dense(1, dtype="float32", name="logits")
    classifier = keras.Model(trunk.input, head(x), name="classifier")
    head.set_weights([np.reshape(weights, (-1, 1)), np.reshape(bias, (1,))])
    return classifier


def has_trunk(classifier: keras.Model) -> bool:
    """Whether a classifier is one of `build_head`, around a model of any size."""
    return any(isinstance(layer, keras.Model) for layer in getattr(classifier, "layers", ()))
