"""Encoded images: what is decoded, what is refused, and that neither takes more memory than it may."""

import io
import json
import random
import resource
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from helpers import ROOT
from nlgan_tf.export.decode import decode_images

RESULTS = ROOT / "results"
decode = tf.function(
    lambda image_bytes: decode_images(image_bytes, (8, 8, 1)), input_signature=[tf.TensorSpec((None,), tf.string)]
)
decode_colour = tf.function(
    lambda image_bytes: decode_images(image_bytes, (8, 8, 3)), input_signature=[tf.TensorSpec((None,), tf.string)]
)


def encoded(image: np.ndarray, mode: str | None = None, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    picture = Image.fromarray(image)
    (picture.convert(mode) if mode else picture).save(stream, kind, **options)
    return stream.getvalue()


def with_orientation(image: np.ndarray, orientation: int) -> bytes:
    """A JPEG with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, kind="JPEG", exif=exif, quality=95)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, depth: int = 8, data: bytes = b"") -> bytes:
    """A PNG that declares any size."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg_declaring(width: int, height: int) -> bytes:
    """A JPEG whose frame header declares another size than it holds."""
    whole = bytearray(encoded(np.zeros((8, 8), np.uint8), kind="JPEG"))
    start = whole.index(b"\xff\xc0")
    whole[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(whole)


@pytest.fixture
def grey(rng) -> np.ndarray:
    return rng.integers(0, 256, (8, 8), dtype=np.uint8)


def test_a_png_of_the_right_size_comes_back_exactly(grey):
    np.testing.assert_array_equal(decode([encoded(grey)])[0, :, :, 0], grey)


def test_a_larger_image_is_averaged_by_areas(grey):
    large = grey.repeat(5, axis=0).repeat(5, axis=1)
    np.testing.assert_allclose(decode([encoded(large)])[0, :, :, 0], grey, atol=1e-3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_png_mode_is_read(grey, mode):
    assert decode([encoded(grey, mode)]).shape == (1, 8, 8, 1)
    assert decode_colour([encoded(grey, mode)]).shape == (1, 8, 8, 3)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_is_read(options):
    flat = np.full((50, 30), 77, np.uint8)
    np.testing.assert_allclose(decode([encoded(flat, kind="JPEG", **options)]), 77, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_decoded_upright(orientation):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    photograph = with_orientation(pixels, orientation)
    upright = encoded(np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(photograph)))))
    np.testing.assert_allclose(*decode_colour([photograph, upright]), atol=1e-3)


def test_sixteen_bits_become_eight():
    wide = np.full((8, 8), 0x8000, np.uint16)
    np.testing.assert_array_equal(decode([encoded(wide)]), np.full((1, 8, 8, 1), 128))


def test_an_animated_png_gives_its_first_picture(grey):
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "PNG", save_all=True, append_images=[Image.fromarray(255 - grey)])
    np.testing.assert_array_equal(decode([stream.getvalue()])[0, :, :, 0], grey)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (b"", "to be PNG or JPEG, got other bytes"),
        (b"GIF89a", "to be PNG or JPEG, got other bytes"),
        (encoded(np.zeros((8, 8), np.uint8), kind="GIF"), "to be PNG or JPEG, got other bytes"),
        (encoded(np.zeros((8, 8), np.uint8), kind="BMP"), "to be PNG or JPEG, got other bytes"),
        (png(0, 8), "to have 1 to 16777216 pixels, got 0 x 8 pixels"),
        (png(2**31 - 1, 2**31 - 1), "2147483647 x 2147483647 pixels"),
        (png(2**32 - 1, 1), "-1 x 1 pixels"),
        (png(4097, 4096), "4097 x 4096 pixels"),
        (jpeg_declaring(65500, 65500), "65500 x 65500 pixels"),
        (jpeg_declaring(0, 8), "JPEG"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"a=b") + png(8, 8)[8:], "without its header"),
        (b"\x89PNG\r\n\x1a\n", "without its header"),
        (png(8, 8, data=b"\0"), "PNG"),
        (encoded(np.zeros((8, 8), np.uint8))[:-30], "PNG"),
        (encoded(np.zeros((80, 80), np.uint8), kind="JPEG")[:-300], "JPEG"),
        (encoded(np.zeros((8, 8, 4), np.uint8), "CMYK", "JPEG"), "in grey or RGB, got CMYK"),
    ],
)
def test_what_is_refused(grey, image, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode([encoded(grey), image])


def mutated(dice: random.Random, seeds: list[bytes]) -> bytes:
    """Random bytes, or a valid image cut, changed, or with another declared size."""
    image = bytearray(dice.choice(seeds))
    match dice.randrange(6):
        case 0:
            return dice.randbytes(dice.randrange(200))
        case 1:
            return bytes(image[: dice.randrange(len(image))])
        case 2:
            for _ in range(dice.randrange(1, 20)):
                image[dice.randrange(len(image))] = dice.randrange(256)
            return bytes(image)
        case 3:
            return png(dice.getrandbits(dice.randrange(1, 32)), dice.getrandbits(dice.randrange(1, 32)), data=b"\0" * 9)
        case 4:
            return jpeg_declaring(dice.getrandbits(16), dice.getrandbits(16))
        case _:
            return bytes(image) + dice.randbytes(dice.randrange(50))


def fuzz(count: int) -> dict:
    """Decodes `count` byte strings of one seed; outcomes, and how far peak memory rose."""
    dice = random.Random(0)
    pixels = np.random.default_rng(0).integers(0, 256, (12, 9, 3), dtype=np.uint8)
    animated = io.BytesIO()
    Image.fromarray(pixels).save(animated, "PNG", save_all=True, append_images=[Image.fromarray(255 - pixels)])
    seeds = [
        *(encoded(pixels, mode) for mode in ("L", "P", "RGB", "RGBA")),
        encoded(pixels[:, :, 0].astype(np.uint16) * 200),
        encoded(pixels, kind="JPEG"),
        encoded(pixels, kind="JPEG", progressive=True),
        with_orientation(pixels, 6),
        encoded(pixels, "CMYK", "JPEG"),
        encoded(pixels, kind="GIF"),
        animated.getvalue(),
    ]
    decode([seeds[0]])
    # Kilobytes on Linux.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = {"decoded": 0, "refused": 0}
    for _ in range(count):
        try:
            images = decode([mutated(dice, seeds)]).numpy()
            assert images.shape == (1, 8, 8, 1)
            assert 0 <= images.min() <= images.max() <= 255
            outcomes["decoded"] += 1
        except tf.errors.InvalidArgumentError:
            outcomes["refused"] += 1
    risen = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"byte_strings": count, **outcomes, "peak_memory_rose_megabytes": round(risen, 1)}


def test_a_little_fuzz_is_decoded_or_refused():
    report = fuzz(300)
    assert min(report["decoded"], report["refused"]) > 20
    # One image of the most pixels that are accepted, and its coefficients in a progressive JPEG.
    assert report["peak_memory_rose_megabytes"] < 400


@pytest.mark.soak
def test_five_thousand_byte_strings():
    report = fuzz(5000)
    (RESULTS / "fuzzed_images.json").write_text(json.dumps(report, indent=1) + "\n")
    assert report["peak_memory_rose_megabytes"] < 400
