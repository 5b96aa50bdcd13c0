"""Between public images, [0, 255], and what networks see, float32 in [-1, 1]; networks applied to many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

ROWS_A_CALL = 512


def to_network_range(images: tf.Tensor) -> tf.Tensor:
    """Returns public images, any dtype in [0, 255], as float32 in [-1, 1]; shapes are kept."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


@tf.autograph.experimental.do_not_convert
def in_network_range(images: tf.Tensor, *others: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Returns a batch of a `tf.data` set, its images in [-1, 1]."""
    return to_network_range(images), *others


def to_public_range(images: tf.Tensor) -> tf.Tensor:
    """Returns images in [-1, 1] as rounded uint8; shapes are kept."""
    return tf.cast(tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0.0, 255.0), tf.uint8)


def map_rows(
    function: Callable[[tf.Tensor], tf.Tensor], rows: np.ndarray | tf.Tensor, rows_a_call: int = ROWS_A_CALL
) -> np.ndarray:
    """Returns `function` of all rows, traced once and called on some rows at a time, so that memory stays bounded."""
    return row_function(function, rows, rows_a_call)(rows)


def row_function(
    function: Callable[[tf.Tensor], tf.Tensor], rows: np.ndarray | tf.Tensor, rows_a_call: int = ROWS_A_CALL
) -> Callable[[np.ndarray | tf.Tensor], np.ndarray]:
    """Returns what `map_rows` does with rows of the shape and dtype of these, to be called often and traced once."""
    signature = [tf.TensorSpec((None, *rows.shape[1:]), rows.dtype)]
    # Concrete: TensorFlow warns of functions that are traced again and again, as a search's many networks are.
    traced = tf.function(function, autograph=False, input_signature=signature).get_concrete_function()

    def mapped(rows: np.ndarray | tf.Tensor) -> np.ndarray:
        return np.concatenate([traced(tf.convert_to_tensor(batch)) for batch in row_batches(rows, rows_a_call)])

    return mapped


def row_batches(rows: np.ndarray | tf.Tensor, rows_a_call: int = ROWS_A_CALL) -> Iterator[np.ndarray | tf.Tensor]:
    """Yields all rows in their order, some at a time; one empty batch where no rows are given."""
    for start in range(0, max(len(rows), 1), rows_a_call):
        yield rows[start : start + rows_a_call]
