"""Checks of `tf.data` sets: their shapes and types at once, their values in the graph that reads them.

Differs from a check in `train_step`: XLA, by which Keras compiles the step on GPUs, drops assertions.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from nlgan_tf.data.checks import OVERSHOT
from nlgan_tf.errors import InputError

Shape = tuple[int, int, int]

# The checks of the next batches run while a step trains.
PREFETCHED = 2
_SET = "Expected a tf.data set of batches (images, labels), got"
_LABELS = "Expected labels 0 (negative) and 1 (positive), got"


def check_set(dataset: tf.data.Dataset, image_shape: Shape) -> tf.data.Dataset:
    """The set of (images, labels), each batch checked as it is read; labels may be {"noisy": ..., "clean": ...}.

    Raises:
        InputError: For elements of other parts, shapes or types.
    """
    element = dataset.element_spec
    if not isinstance(element, tuple) or len(element) != 2:
        raise InputError(f"{_SET} {_kind_of_element(element)}")
    _check_image_spec(element[0], image_shape)
    _check_label_specs(element[1])

    @tf.autograph.experimental.do_not_convert
    def check(images: tf.Tensor, labels: Any) -> tuple:
        length = tf.shape(images)[0]
        labels = tf.nest.map_structure(lambda values: _checked_labels(values, length), labels)
        return _checked_images(images, image_shape, labelled=True), labels

    return dataset.map(check).prefetch(PREFETCHED)


def check_image_set(dataset: tf.data.Dataset, image_shape: Shape) -> tf.data.Dataset:
    """The images of a set, alone or with whatever follows them, each batch checked as it is read.

    Raises:
        InputError: For images of another shape or type.
    """
    element = dataset.element_spec
    _check_image_spec(element[0] if isinstance(element, tuple) else element, image_shape)

    @tf.autograph.experimental.do_not_convert
    def check(images: tf.Tensor, *_: Any) -> tf.Tensor:
        return _checked_images(images, image_shape, labelled=False)

    return dataset.map(check).prefetch(PREFETCHED)


@contextlib.contextmanager
def refusals_of_batches() -> Iterator[None]:
    """Turns TensorFlow's report of a refused batch into `InputError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        refusal = re.search(r"assertion failed: \[(Expected [^\n]*)\]", str(error))
        if refusal is None:
            raise
        raise InputError(refusal[1]) from None


def after_reading(step: Callable[[Any, Any], dict]) -> Callable[[Any, Any], dict]:
    """Decorates a training step so that nothing of the step runs before its batch has been read.

    A set may turn out to be at its end, or a batch be refused: TensorFlow would run what needs no batch, such as the
    step's counter.
    """

    @functools.wraps(step)
    def run(model: Any, data: Any) -> dict:
        with tf.control_dependencies([part for part in tf.nest.flatten(data) if part is not None]):
            return step(model, data)

    return run


def _kind_of_element(element: Any) -> str:
    if not isinstance(element, tuple):
        return "images alone" if isinstance(element, tf.TensorSpec) else f"elements of {type(element).__name__}"
    return "weights as a third part" if len(element) == 3 else f"{len(element)} parts"


def _wanted_shape(image_shape: Shape) -> str:
    return f"Expected batches of images of shape (n, {', '.join(map(str, image_shape))}), got"


def _check_image_spec(spec: Any, image_shape: Shape) -> None:
    if not isinstance(spec, tf.TensorSpec):
        raise InputError(f"{_wanted_shape(image_shape)} {type(spec).__name__}")
    if not (spec.dtype.is_integer or spec.dtype.is_floating):
        raise InputError(f"Expected images of uint8, or floats in [0, 255], got {spec.dtype.name}")
    if not (spec.shape.is_compatible_with((None, *image_shape)) or _lacks_channels(spec.shape, image_shape)):
        remedy = ": call .batch(128) on the set" if spec.shape.is_compatible_with(image_shape) else ""
        if spec.shape.is_compatible_with((None, image_shape[2], *image_shape[:2])):
            remedy = ": tf.transpose(images, [0, 2, 3, 1]) puts channels last"
        raise InputError(f"{_wanted_shape(image_shape)} {tuple(spec.shape)}{remedy}")


def _lacks_channels(shape: tf.TensorShape, image_shape: Shape) -> bool:
    """Whether these are batches (n, h, w) of grey images, rather than one image (h, w, 1)."""
    grey = image_shape[2] == 1 and shape.rank == 3
    return grey and shape.is_compatible_with((None, *image_shape[:2])) and not shape.is_compatible_with(image_shape)


def _check_label_specs(labels: Any) -> None:
    if isinstance(labels, dict) and "noisy" not in labels:
        raise InputError(f'Expected labels, or {{"noisy": ..., "clean": ...}}, got the keys {", ".join(labels)}')
    for spec in tf.nest.flatten(labels):
        if not isinstance(spec, tf.TensorSpec) or spec.dtype == tf.string:
            raise InputError(f"{_LABELS} {spec.dtype.name if isinstance(spec, tf.TensorSpec) else spec}")
        if not any(spec.shape.is_compatible_with(shape) for shape in ((None,), (None, 1))):
            raise InputError(f"Expected batches of labels of shape (n,), got {tuple(spec.shape)}")


def _checked_images(images: tf.Tensor, image_shape: Shape, labelled: bool) -> tf.Tensor:
    if _lacks_channels(images.shape, image_shape):
        images = images[..., tf.newaxis]
    if images.shape.rank is None or not images.shape[1:].is_fully_defined():
        images = _with_shape(images, image_shape)
    most = tf.cast(tf.reduce_max(images), tf.float32)
    checks = []
    if images.dtype != tf.uint8:
        values = tf.cast(images, tf.float32)
        within, least = tf.reduce_all((values >= 0) & (values <= 255)), tf.reduce_min(values)
        checks.append(_assert(within, "Expected images in [0, 255], got values from ", least, " to ", most))
    # Integers 0 and 1 are nearly black: a single image to predict may be.
    if images.dtype.is_floating or labelled:
        small = (most > 0) & (most <= OVERSHOT)
        remedy = tf.where(
            most <= 1, ": multiply the images by 255", ": tf.clip_by_value(images, 0, 1) * 255 maps images from [0, 1]"
        )
        checks.append(_assert(~small, "Expected images in [0, 255], got a largest value of ", most, remedy))
    with tf.control_dependencies(checks):
        return tf.identity(images)


def _with_shape(images: tf.Tensor, image_shape: Shape) -> tf.Tensor:
    """Images whose shape is known only as they are read."""
    shape = tf.shape(images)
    # Of one shape before they are compared: an assertion must not fail as an error of TensorFlow's.
    fits = tf.reduce_all(tf.equal(tf.concat([shape, [-1] * 4], axis=0)[1:5], [*image_shape, -1]))
    with tf.control_dependencies([_assert(fits, f"{_wanted_shape(image_shape)} ", shape)]):
        return tf.ensure_shape(images, (None, *image_shape))


def _checked_labels(labels: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Labels of one batch as an int64 vector."""
    values = tf.cast(tf.reshape(labels, [-1]), tf.float32)
    wrong = tf.boolean_mask(values, (values != 0) & (values != 1))
    first_wrong = tf.concat([wrong, [0.0]], axis=0)[0]
    size = tf.size(values)
    checks = [
        _assert(tf.equal(tf.size(wrong), 0), f"{_LABELS} ", first_wrong),
        _assert(tf.equal(size, length), "Expected one label per image, got ", size, " labels for ", length, " images"),
    ]
    with tf.control_dependencies(checks):
        return tf.cast(values, tf.int64)


def _assert(condition: tf.Tensor, *line: str | tf.Tensor) -> tf.Operation:
    """Fails with one line of text and values."""
    return tf.debugging.Assert(condition, [tf.strings.join(list(map(_as_text, line)))])


def _as_text(part: str | tf.Tensor) -> str | tf.Tensor:
    if isinstance(part, str) or part.dtype == tf.string:
        return part
    return tf.strings.as_string(part, shortest=True) if part.dtype.is_floating else tf.strings.format("{}", part)
