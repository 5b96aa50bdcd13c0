"""Bilinear interpolation in plain operations: TensorFlow's own image transform does not compile under XLA."""

from __future__ import annotations

import tensorflow as tf

BLACK = -1.0
FILLS = ("constant", "reflect")


def bilinear(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor, fill: str = "constant") -> tf.Tensor:
    """Returns each image's values at points of its own, interpolated between the four pixels around each point.

    The gradient with respect to the images is exact, where that of TensorFlow's image transform is another transform.

    Args:
        images: Images, shape (n, h, w, c).
        x, y: Points in pixels from the first pixel's middle, float32, shape (n, h', w').
        fill: Surroundings of an image: "constant" (-1, black) or "reflect" (the image mirrored, edge included).

    Returns:
        Values, shape (n, h', w', c).
    """
    height, width, channels = images.shape[1:]
    border = ((0, 0), (1, 1), (1, 1), (0, 0))
    if fill == "reflect":
        x, y = _reflected(x, width), _reflected(y, height)
        padded = tf.pad(images, border, "SYMMETRIC")
    else:
        padded = tf.pad(images, border, constant_values=BLACK)
    column, right = _pixel_and_rest(x, width)
    row, down = _pixel_and_rest(y, height)
    pixels = tf.reshape(padded, (-1, (height + 2) * (width + 2), channels))
    first = row * (width + 2) + column

    def beside(steps: int) -> tf.Tensor:
        return tf.gather(pixels, first + steps, batch_dims=1)

    right, down = (tf.cast(rest[..., None], images.dtype) for rest in (right, down))
    upper = _between(beside(0), beside(1), right)
    lower = _between(beside(width + 2), beside(width + 3), right)
    return _between(upper, lower, down)


def _pixel_and_rest(position: tf.Tensor, side: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The last pixel of the padded axis that is not beyond the position, and the way from there, in [0, 1]."""
    position = tf.clip_by_value(position, -1.0, float(side))
    pixel = tf.minimum(tf.floor(position), side - 1.0)
    return tf.cast(pixel, tf.int32) + 1, position - pixel


def _between(first: tf.Tensor, second: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return first + share * (second - first)


def _reflected(position: tf.Tensor, side: int) -> tf.Tensor:
    """The position mirrored at the outer edges of the first and last pixel, as often as needed."""
    within = tf.math.floormod(position + 0.5, 2.0 * side)
    return tf.minimum(within, 2.0 * side - within) - 0.5
