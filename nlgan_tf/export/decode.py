"""Encoded images -> pixels, inside the graph: memory is bounded whatever size the bytes claim."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.export.orientation import resize_upright

# A 12-megapixel photograph passes; a decoded image takes 50 MB at most.
MAX_PIXELS = 4096 * 4096
# Of one request that are decoded side by side.
PARALLEL_IMAGES = 4

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
# A PNG starts with its signature and the chunk IHDR: length, name, width, height (four bytes each, big endian).
PNG_HEADER_BYTES = 24


def decode_images(image_bytes: tf.Tensor, image_shape: tuple[int, int, int]) -> tf.Tensor:
    """Returns PNG or JPEG images of any size as pixels of one size.

    The size that an image's header declares is checked before anything is decoded. 16 bits a channel become 8,
    alpha is dropped, colours become luma for a shape of one channel, a JPEG is turned as its EXIF orientation says;
    an image is resized by averaging areas, with its aspect kept and its outermost pixels repeated in what is left.

    Args:
        image_bytes: Encoded images, string, shape (n,).
        image_shape: Shape (h, w, c) of an image of the result.

    Returns:
        Pixels, float32 in [0, 255], shape (n, h, w, c).

    Raises:
        tf.errors.InvalidArgumentError: When the graph runs, for bytes that are no whole PNG or JPEG of 1 to
            MAX_PIXELS pixels, or a CMYK image. The message names the image by its place in the request.
    """
    height, width, channels = image_shape

    def decode(numbered: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        index, encoded = numbered
        with tf.control_dependencies([_check_header(index, encoded)]):
            encoded = tf.identity(encoded)
        # The JPEG kernel reads both formats, telling them by their first bytes. By default, its inverse DCT would be
        # up to 3 grey levels from that of other decoders, such as Pillow's in training.
        pixels = tf.io.decode_jpeg(encoded, channels=channels, dct_method="INTEGER_ACCURATE")
        return resize_upright(pixels, encoded, (height, width))

    numbered = (tf.range(tf.size(image_bytes)), image_bytes)
    spec = tf.TensorSpec(image_shape, tf.float32)
    return tf.map_fn(decode, numbered, fn_output_signature=spec, parallel_iterations=PARALLEL_IMAGES)


def _check_header(index: tf.Tensor, encoded: tf.Tensor) -> tf.Operation:
    header = tf.strings.substr(tf.strings.join([tf.strings.substr(encoded, 0, PNG_HEADER_BYTES), bytes(24)]), 0, 24)
    is_png = tf.strings.substr(header, 0, 8) == PNG_SIGNATURE
    is_jpeg = tf.strings.substr(header, 0, 3) == JPEG_SIGNATURE
    accepted = _assert(is_png | is_jpeg, "Expected image_bytes[{}] to be PNG or JPEG, got other bytes", index)
    with tf.control_dependencies([accepted]):
        height, width, channels = tf.cond(is_png, lambda: _png_shape(index, header), lambda: _jpeg_shape(encoded))
    pixels = tf.cast(height, tf.int64) * tf.cast(width, tf.int64)
    fits = (height > 0) & (width > 0) & (pixels <= MAX_PIXELS)
    message = f"Expected image_bytes[{{}}] to have 1 to {MAX_PIXELS} pixels, got {{}} x {{}} pixels"
    sized = _assert(fits, message, index, width, height)
    coloured = _assert(channels <= 3, "Expected image_bytes[{}] in grey or RGB, got CMYK", index)
    return tf.group(sized, coloured)


def _png_shape(index: tf.Tensor, header: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    # First, so that the size that is read here is the size that is decoded.
    first = tf.strings.substr(header, 12, 4) == b"IHDR"
    with tf.control_dependencies(
        [_assert(first, "Expected image_bytes[{}] to begin with its header, got a PNG without its header", index)]
    ):
        sides = tf.io.decode_raw(tf.strings.substr(header, 16, 8), tf.int32, little_endian=False)
    return sides[1], sides[0], tf.constant(3)


def _jpeg_shape(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    shape = tf.image.extract_jpeg_shape(encoded)
    return shape[0], shape[1], shape[2]


def _assert(condition: tf.Tensor, message: str, *values: tf.Tensor) -> tf.Operation:
    return tf.debugging.Assert(condition, [tf.strings.format(message, values)])
