"""The EXIF orientation of a JPEG, read inside the graph: TensorFlow's decoders leave an image as the camera lay.

A JPEG is a row of segments: 0xff, a marker, a length of two bytes (which counts itself), content. The segment APP1 of
EXIF contains a TIFF header (byte order, offset of the first directory), and the directory: entries of 12 bytes, which
are tag, type, count and value. Whatever the bytes claim, a fixed number of segments and entries is read, and a byte
beyond the end counts as 0.
"""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.data.letterbox import letterboxed

# EXIF comes first, or after JFIF; a colour profile or XMP of 64 KB may come before too.
HEADER_BYTES = 2**18
SEGMENTS = 64
ENTRIES = 256
ORIENTATION_TAG = 0x0112
# One scan spares most images the parsing.
WITH_EXIF = r"\C*Exif\x00\x00\C*"


def resize_upright(pixels: tf.Tensor, encoded: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Returns decoded pixels turned as the EXIF orientation of their JPEG says, at another size (`letterboxed`).

    Args:
        pixels: Decoded image, shape (any, any, c).
        encoded: Bytes that the image was decoded from, a string scalar; of a PNG, no orientation is read.
        size: Height and width of the result, whose values are averages of areas.

    Returns:
        float32, shape (*size, c).
    """
    has_exif = tf.strings.regex_full_match(tf.strings.substr(encoded, 0, HEADER_BYTES), WITH_EXIF)
    orientation = tf.cond(has_exif, lambda: jpeg_orientation(encoded), lambda: tf.constant(1))
    return letterboxed(pixels, size, orientation)


def jpeg_orientation(encoded: tf.Tensor) -> tf.Tensor:
    """Returns the EXIF orientation of a JPEG, int32, 1 to 8; 1 (upright) where EXIF is missing or damaged.

    Args:
        encoded: Bytes of the JPEG, a string scalar.
    """
    content = tf.io.decode_raw(tf.strings.substr(encoded, 0, HEADER_BYTES), tf.uint8)
    content = tf.concat([content, tf.zeros(1, tf.uint8)], 0)
    tiff, found = _exif(content)
    little_endian = _number(content, tiff, 2, False) == 0x4949  # "II", and "MM" for the other order
    directory = tiff + _number(content, tiff + 4, 4, little_endian)
    count = tf.minimum(_number(content, directory, 2, little_endian), ENTRIES)
    entries = directory + 2 + 12 * tf.range(count)
    tags = _number(content, entries, 2, little_endian)
    values = _number(content, entries + 8, 2, little_endian)
    value = tf.concat([values[tags == ORIENTATION_TAG], [1]], 0)[0]
    return tf.cast(tf.where(found & (value >= 1) & (value <= 8), value, 1), tf.int32)


def _exif(content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Position of the TIFF header behind "Exif", and whether the JPEG has one."""

    def is_exif(start: tf.Tensor) -> tf.Tensor:
        name = _number(content, start + 4, 6, False) == int.from_bytes(b"Exif\0\0", "big")
        return (_number(content, start, 2, False) == 0xFFE1) & name

    def goes_on(start: tf.Tensor) -> tf.Tensor:
        # The image itself begins at 0xffda.
        marker = _number(content, start, 2, False)
        return (marker >= 0xFF00) & (marker != 0xFFDA) & ~is_exif(start)

    def following(start: tf.Tensor) -> tuple[tf.Tensor]:
        # Any number of 0xff may fill the room before a marker.
        filled = _number(content, start, 2, False) == 0xFFFF
        return (tf.where(filled, start + 1, start + 2 + _number(content, start + 2, 2, False)),)

    (start,) = tf.while_loop(goes_on, following, (tf.constant(2, tf.int64),), maximum_iterations=SEGMENTS)
    return start + 10, is_exif(start)


def _number(content: tf.Tensor, start: tf.Tensor, length: int, little_endian: bool | tf.Tensor) -> tf.Tensor:
    """Unsigned numbers of `length` bytes at each position of `start`, int64."""
    places = tf.minimum(start[..., tf.newaxis] + tf.range(length, dtype=tf.int64), tf.size(content, tf.int64) - 1)
    values = tf.cast(tf.gather(content, places), tf.int64)
    big = 256 ** tf.range(length - 1, -1, -1, dtype=tf.int64)
    return tf.reduce_sum(values * tf.where(little_endian, tf.reverse(big, [0]), big), -1)
