"""The classifier's signatures: float32, uint8 or encoded images -> probability, label and name of the class."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.export.decode import decode_images
from nlgan_tf.export.publish import check_model_name
from nlgan_tf.export.replay import full_float32
from nlgan_tf.export.servable import EXAMPLE_BATCHES, Example, Servable, compute_dtype


def classifier_servable(
    model: keras.Model, name: str, class_names: tuple[str, str], images: np.ndarray | None = None
) -> Servable:
    """Returns the classifier as TF Serving sees it.

    The outputs of each signature are `probability` of the positive class, float32 (n,), `label`, int64 (n,), and
    `class_name`, string (n,). The signatures by their input:

    - `serving_default`: `images`, float32 in [0, 255], shape (n, h, w, c).
    - `serving_uint8`: `images`, uint8, shape (n, h, w, c).
    - `serving_bytes`: `image_bytes`, string (n,): PNG or JPEG of any size, as `decode_images` reads them.

    Args:
        model: Keras model, images in [-1, 1], (n, h, w, c) -> logits (n, 1), positive above 0.
        name: Name of the model.
        class_names: Names of the classes, (negative, positive).
        images: Examples, uint8, shape (k, h, w, c); noise by default.

    Raises:
        InputError: For a name that TF Serving rejects, a model that is no classifier of two classes, or class names
            that are not two.
    """
    check_model_name(name)
    shape = model.input_shape
    if len(shape) != 4 or tuple(model.output_shape[1:]) != (1,):
        raise InputError(
            f"Expected a classifier, (n, h, w, c) -> logits (n, 1), got a model of {shape} -> {model.output_shape}"
        )
    if len(class_names) != 2 or class_names[0] == class_names[1]:
        raise InputError(f"Expected class_names to be two names, (negative, positive), got {tuple(class_names)}")

    # Traced once for all signatures.
    @tf.function(autograph=False, input_signature=[tf.TensorSpec(shape, tf.float32, name="images")])
    def network(images: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = tf.cast(model(to_network_range(images), training=False)[:, 0], tf.float32)
        label = tf.cast(logits > 0, tf.int64)
        return {
            "probability": tf.sigmoid(logits),
            "label": label,
            "class_name": tf.gather(tf.constant(class_names), label),
        }

    with full_float32():
        examples = list(_examples(model, class_names, _example_images(images, shape[1:])))
    return Servable(
        name=name,
        kind="classifier",
        signatures=_signatures(network, shape),
        examples=examples,
        network=network,
        numeric_outputs=("probability", "label"),
        facts={
            "image_shape": list(shape[1:]),
            "class_names": list(class_names),
            "compute_dtype": compute_dtype(model),
        },
    )


def _signatures(network: Callable, shape: tuple[int | None, ...]) -> dict[str, Callable]:
    """The signatures by their names; `network` is the traced function of float32 images of shape (n, h, w, c)."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(shape, tf.float32, name="images")])
    def serving_default(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return network(_checked(images, shape))

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(shape, tf.uint8, name="images")])
    def serving_uint8(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return network(tf.cast(_checked(images, shape), tf.float32))

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None,), tf.string, name="image_bytes")])
    def serving_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return network(decode_images(_checked(image_bytes, (None,)), shape[1:]))

    signatures = (serving_default, serving_uint8, serving_bytes)
    return {function.__name__: function for function in signatures}


def _checked(images: tf.Tensor, shape: tuple[int | None, ...]) -> tf.Tensor:
    """Images of a request. A server checks no shapes: a row too many would be pooled away unseen."""
    images = tf.ensure_shape(images, shape)
    with tf.control_dependencies(
        [tf.debugging.Assert(tf.shape(images)[0] > 0, ["Expected at least one image in the request, got none"])]
    ):
        return tf.identity(images)


def _example_images(images: np.ndarray | None, image_shape: tuple[int, int, int]) -> np.ndarray:
    if images is None:
        images = np.random.default_rng(0).integers(0, 256, (max(EXAMPLE_BATCHES), *image_shape), dtype=np.uint8)
    # Few images repeat; of many, both ends of the set count.
    return images[np.linspace(0, len(images) - 1, max(EXAMPLE_BATCHES)).astype(int)]


def _examples(model: keras.Model, class_names: tuple[str, str], images: np.ndarray) -> Iterator[Example]:
    encoded = np.array([tf.io.encode_png(image).numpy() for image in images], dtype=object)
    for batch in EXAMPLE_BATCHES:
        logits = tf.cast(model(to_network_range(images[:batch]), training=False)[:, 0], tf.float32).numpy()
        label = (logits > 0).astype(np.int64)
        outputs = {
            "probability": tf.sigmoid(logits).numpy(),
            "label": label,
            "class_name": np.array([class_names[index].encode() for index in label], dtype=object),
        }
        yield Example("serving_default", {"images": images[:batch].astype(np.float32)}, outputs)
        yield Example("serving_uint8", {"images": images[:batch]}, outputs)
        yield Example("serving_bytes", {"image_bytes": encoded[:batch]}, outputs)
