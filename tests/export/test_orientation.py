import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from nlgan_tf.data.letterbox import letterboxed
from nlgan_tf.export.orientation import jpeg_orientation, resize_upright

read = tf.function(jpeg_orientation, input_signature=[tf.TensorSpec((), tf.string)])
JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"


@tf.function(input_signature=[tf.TensorSpec((), tf.string)])
def decoded(encoded: tf.Tensor) -> tf.Tensor:
    return resize_upright(tf.io.decode_image(encoded, 3, expand_animations=False), encoded, (6, 4))


def tiff(orientation: int, order: str = "little", kind: int = 3, before: int = 0) -> bytes:
    """EXIF's TIFF with an entry of the orientation behind others."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, order)

    def entry(tag: int, value: int) -> bytes:
        return number(tag, 2) + number(kind, 2) + number(1, 4) + number(value, 2) + b"\0\0"

    mark = b"II" if order == "little" else b"MM"
    entries = [entry(0x9000 + index, 7) for index in range(before)] + [entry(0x112, orientation)]
    return mark + number(42, 2) + number(8, 4) + number(len(entries), 2) + b"".join(entries) + number(0, 4)


def segment(content: bytes, marker: int = 0xE1) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def exif(*arguments, **settings) -> bytes:
    return segment(b"Exif\0\0" + tiff(*arguments, **settings))


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    """A JPEG of 48 x 64 pixels, whose halves and quarters all differ, without EXIF."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_upright_as_pillow_turns_it(jpeg, orientation, order):
    photograph = with_segments(jpeg, exif(orientation, order))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(photograph)))
    assert upright.size == ((64, 48) if orientation < 5 else (48, 64))
    wanted = letterboxed(np.asarray(upright), (6, 4))
    np.testing.assert_allclose(decoded(photograph), wanted, atol=1e-3)
    assert int(read(photograph)) == orientation


@pytest.mark.parametrize(
    "segments",
    [
        (JFIF, exif(6)),
        (segment(b"http://ns.adobe.com/xap/1.0/\0" + bytes(60_000)), exif(6)),
        (segment(b"ICC_PROFILE\0" + bytes(65_000), 0xE2), segment(bytes(65_000), 0xE2), exif(6)),
        (b"\xff" * 20, exif(6)),
        (exif(6, "big", before=200),),
        (exif(6), exif(3)),
    ],
)
def test_exif_is_found_behind_other_segments(jpeg, segments):
    assert int(read(with_segments(jpeg, *segments))) == 6


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8" + exif(6)[:9],
        b"\xff\xd8" + exif(6)[:-14],
        b"\xff\xd8" + exif(0),
        b"\xff\xd8" + exif(9),
        b"\xff\xd8" + exif(65535),
        b"\xff\xd8" + segment(b"Exif\0\0"),
        b"\xff\xd8" + segment(b"Exif\0\0II*\0\xff\xff\xff\xff"),
        b"\xff\xd8" + segment(b"Exif\0\0MM\0*\xff\xff\xff\xff"),
        b"\xff\xd8" + segment(b"Exix\0\0" + tiff(6)),
        b"\xff\xd8" + segment(b"", 0xE0) * 70 + exif(6),
        b"\xff\xd8\xff\xda\0\x02" + exif(6),
        b"\xff" * 5000 + exif(6),
        b"\x89PNG\r\n\x1a\n" + exif(6),
    ],
)
def test_an_orientation_that_is_missing_damaged_or_hidden_is_upright(content):
    assert int(read(content)) == 1


def test_a_png_is_taken_as_it_is(jpeg):
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)))
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", exif=b"Exif\0\0" + tiff(6))
    np.testing.assert_allclose(decoded(stream.getvalue()), letterboxed(pixels, (6, 4)), atol=1e-3)
