import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

import client
from helpers.photographs import pixels
from nlgan_tf.data.letterbox import letterboxed
from nlgan_tf.data.sources.folder.picture import Header, Unreadable, read_header, read_pixels, to_pixels
from nlgan_tf.export.decode import decode_images

COLOUR = pixels(0, 10, 14)
GREY = pixels(0, 10, 14, 1)


def saved(path, image, **options):
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp", "gif"])
def test_lossless_formats_come_back_exactly(tmp_path, suffix):
    # Colours of a palette, which a GIF holds exactly.
    few = (np.arange(140).reshape(10, 14, 1) % 4 * np.array([60, 20, 80])).astype(np.uint8)
    path = saved(tmp_path / f"a.{suffix}", few, **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(read_pixels(path), few)
    assert read_header(path) == Header(14, 10)


def test_a_jpeg_comes_back_nearly(tmp_path):
    smooth = np.linspace(0, 255, 140).reshape(10, 14).astype(np.uint8)
    path = saved(tmp_path / "a.JPG", smooth, format="JPEG", quality=95)
    np.testing.assert_allclose(read_pixels(path)[..., 0].astype(int), smooth, atol=6)
    assert read_header(path) == Header(14, 10)


def test_the_first_frame_of_a_gif_is_read(tmp_path):
    black, white = np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)
    path = saved(tmp_path / "a.gif", black, save_all=True, append_images=[Image.fromarray(white)])
    assert read_pixels(path).max() == 0


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        (Image.fromarray(GREY), GREY),
        (Image.fromarray(GREY > 99), 255 * (GREY > 99)),
        (Image.fromarray(GREY).convert("P"), GREY),
        (Image.fromarray(np.full((4, 4), 0x80FF, np.uint16)), np.full((4, 4), 0x80)),
        (Image.new("RGB", (4, 4), (7, 7, 7)), np.full((4, 4), 7)),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), np.full((4, 4), 255)),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 51)), np.full((4, 4), 204)),
        (Image.new("LA", (4, 4), (100, 255)), np.full((4, 4), 100)),
        (Image.new("LA", (4, 4), (100, 0)), np.full((4, 4), 255)),
    ],
)
def test_each_mode_is_read(tmp_path, image, wanted):
    read = read_pixels(saved(tmp_path / "a.png", image))
    assert (read.dtype, read.shape) == (np.uint8, (image.height, image.width, 3))
    np.testing.assert_array_equal(read, wanted[..., np.newaxis].repeat(3, -1))


def test_transparency_of_a_palette_is_white(tmp_path):
    palette = Image.fromarray(np.zeros((4, 4), np.uint8), "L").convert("P")
    path = saved(tmp_path / "a.png", palette, transparency=0)
    assert read_pixels(path).min() == 255


def test_cmyk_becomes_rgb(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), quality=95)
    np.testing.assert_allclose(read_pixels(path), np.full((8, 8, 3), (255, 0, 0)), atol=3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_an_orientation_is_undone_as_pillow_does(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"a.{suffix}", COLOUR, exif=exif)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_pixels(path), upright)
    assert (read_header(path).height, read_header(path).width) == upright.shape[:2]


def test_an_orientation_that_is_damaged_is_upright(tmp_path):
    path = saved(tmp_path / "a.jpg", COLOUR, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert read_pixels(path).shape == COLOUR.shape


def landscape(height: int, width: int) -> np.ndarray:
    """Smooth colours with edges and fine texture, as a photograph has them."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    sky = np.stack([90 + 60 * rows, 130 + 50 * rows, 220 - 40 * columns], -1)
    hill = rows > 0.6 + 0.15 * np.sin(7 * columns)
    sky[hill] = np.stack([60 + 30 * columns, 110 - 40 * rows, 40 + 20 * columns], -1)[hill]
    return np.clip(sky + np.random.default_rng(0).normal(0, 12, sky.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("JPEG", {"quality": 90}), ("JPEG", {"progressive": True})])
@pytest.mark.parametrize("shape", [(301, 467), (640, 480), (37, 50)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_served_classifier_sees_what_training_saw(tmp_path, kind, options, shape, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a", landscape(*shape), format=kind, exif=exif, **options)
    trained = tf.round(letterboxed(read_pixels(path), (32, 32)))
    served = decode_images(tf.constant([path.read_bytes()]), (32, 32, 3))[0]
    # Rounding to whole levels alone.
    assert np.abs(trained - served).max() <= 0.501


TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (Image.fromarray(landscape(90, 70)), "BMP", {}),
        (Image.fromarray(landscape(90, 70)), "GIF", {}),
        (Image.fromarray(landscape(90, 70)), "WEBP", {"exif": TURNED}),
        (Image.fromarray(landscape(90, 70)), "WEBP", {"exif": b"Exif\0\0MM\0*\xff\xff\xff\xff"}),
        (Image.fromarray(landscape(90, 70)).convert("CMYK"), "JPEG", {}),
        (Image.fromarray(np.dstack([landscape(90, 70), pixels(1, 90, 70, 1)])), "PNG", {}),
        (Image.fromarray(landscape(90, 70)).convert("P"), "PNG", {"transparency": 3}),
        (Image.fromarray(landscape(90, 70)).convert("P"), "PNG", {}),
        (Image.fromarray(np.dstack([pixels(0, 90, 70, 1), pixels(1, 90, 70, 1)])), "PNG", {}),
        (Image.fromarray(pixels(0, 90, 70, 1)), "WEBP", {}),
        (Image.fromarray(pixels(0, 90, 70, 1)), "JPEG", {}),
    ],
)
def test_the_client_sends_what_training_saw(tmp_path, image, kind, options):
    path = saved(tmp_path / "a", image, format=kind, **options)
    trained = tf.round(letterboxed(read_pixels(path), (32, 32)))
    encoded = tf.constant([client.photograph(path)])
    assert np.abs(trained - decode_images(encoded, (32, 32, 3))[0]).max() <= 0.501
    if image.mode in ("L", "LA"):
        assert np.abs(trained[..., :1] - decode_images(encoded, (32, 32, 1))[0]).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_client_sends_plain_files_as_they_are(tmp_path, kind):
    path = saved(tmp_path / "a", COLOUR, format=kind)
    assert client.photograph(path) == path.read_bytes()


def test_the_client_sends_a_large_photograph_smaller(tmp_path):
    path = saved(tmp_path / "a.png", np.full((4000, 5000), 77, np.uint8))
    with Image.open(io.BytesIO(client.photograph(path))) as image:
        assert (image.size, image.getextrema()) == ((4096, 3277), ((77, 77),) * 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_served_classifier_sees_sixteen_bits_as_training_does(tmp_path, channels):
    path = saved(tmp_path / "a.png", np.random.default_rng(0).integers(0, 2**16, (32, 32), dtype=np.uint16))
    served = decode_images(tf.constant([path.read_bytes()]), (32, 32, channels))[0]
    np.testing.assert_array_equal(read_pixels(path)[..., :channels], served)


def png_of(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def encoded(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels(3, 80, 80)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "zero bytes"),
        (b"hello", "no PNG, JPEG, BMP, WebP or GIF"),
        (png_of(50_000, 50_000), "more than 67108864 pixels"),
        (png_of(10_000, 10_000), "10000 x 10000 pixels, where at most 67108864 are read"),
        (encoded("JPEG")[:-300], "image file is truncated"),
        (encoded("PNG")[:-300], "image file is truncated"),
        (encoded("PPM"), "no PNG, JPEG, BMP, WebP or GIF"),
    ],
)
def test_what_cannot_be_read_has_a_cause(tmp_path, content, cause):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=cause):
        read_pixels(path)


def test_what_is_no_file_has_a_cause(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "nothing.png")
    for name, cause in {"folder": "a folder", "link": "a link to nothing", "none": "no such file"}.items():
        with pytest.raises(Unreadable, match=cause):
            read_header(tmp_path / f"{name}.png")


def test_an_image_of_pillow_needs_no_file():
    np.testing.assert_array_equal(to_pixels(Image.fromarray(COLOUR)), COLOUR)
