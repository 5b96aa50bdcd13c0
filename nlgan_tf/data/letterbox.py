"""Photographs of any size -> images of one size, with the aspect kept: the same function trains and serves."""

from __future__ import annotations

import tensorflow as tf


def letterboxed(
    pixels: tf.Tensor, size: tuple[int, int], upright: tf.Tensor | int = 1, channels: int | None = None
) -> tf.Tensor:
    """Returns an image turned upright and resized to fit `size`, with its outermost pixels repeated in what is left.

    The larger of both factors would cut the image, so the smaller one counts; the image is centred, of an odd rest
    the smaller half comes first.

    Args:
        pixels: Image, shape (any, any, c).
        size: Height and width of the result.
        upright: EXIF orientation of the image, 1 (upright) to 8.
        channels: Number c, where the shape of `pixels` does not say it.

    Returns:
        float32, shape (*size, c); values are averages of areas.
    """
    channels = channels or pixels.shape[-1]
    sides = tf.shape(pixels)[:2]
    orientation = tf.convert_to_tensor(upright, tf.int32)
    turned = tf.where(orientation >= 5, sides[::-1], sides)
    factor = tf.reduce_min(tf.cast(size, tf.float32) / tf.cast(turned, tf.float32))
    fitting = tf.clip_by_value(tf.cast(tf.round(tf.cast(turned, tf.float32) * factor), tf.int32), 1, size)
    # Small before it is turned: averages of areas are the same in either order.
    small = tf.image.resize(pixels, tf.where(orientation >= 5, fitting[::-1], fitting), method="area")
    filled = _filled(turn_upright(small, orientation), fitting, size)
    return tf.ensure_shape(filled, (*size, channels))


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Returns an image, shape (h, w, c), turned and mirrored as its EXIF orientation, 1 to 8, says."""
    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: tf.identity(image))
    mirrored, upside_down = (tf.reduce_any(orientation == which) for which in ([2, 3, 6, 7], [3, 4, 7, 8]))
    image = tf.cond(mirrored, lambda: tf.reverse(image, [1]), lambda: tf.identity(image))
    return tf.cond(upside_down, lambda: tf.reverse(image, [0]), lambda: tf.identity(image))


def _filled(image: tf.Tensor, sides: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The image in the middle of another size; places outside repeat its outermost rows and columns."""
    for axis in (0, 1):
        before = (size[axis] - sides[axis]) // 2
        places = tf.clip_by_value(tf.range(size[axis]) - before, 0, sides[axis] - 1)
        image = tf.gather(image, places, axis=axis)
    return image
