import numpy as np
import pytest
from PIL import Image

from helpers.photographs import pixels, write
from nlgan_tf.data.sources.folder import reading
from nlgan_tf.data.sources.folder.reading import default_side, read_images


@pytest.mark.parametrize(
    ("sides", "side"), [([28] * 3, 28), ([20, 31, 900], 28), ([20, 40], 28), ([5], 16), ([480, 640], 40), ([43], 40)]
)
def test_the_default_side_is_the_median_rounded_down_to_a_multiple_of_4(sides, side):
    assert default_side(sides) == side


def test_photographs_are_stacked_in_their_order(tmp_path):
    paths = [write(tmp_path / f"{index}.png", index, height=32, width=32) for index in range(9)]
    read = read_images(paths, None, {})
    np.testing.assert_array_equal(read.images, np.stack([pixels(index, 32, 32) for index in range(9)]))
    assert (read.images.dtype, read.kept.tolist(), read.causes) == (np.uint8, list(range(9)), {})


def test_grey_images_have_one_channel_and_one_coloured_image_makes_three(tmp_path):
    grey = [write(tmp_path / f"{index}.png", index, height=16, width=16, channels=1) for index in range(3)]
    assert read_images(grey, None, {}).images.shape == (3, 16, 16, 1)
    as_rgb = tmp_path / "rgb.webp"
    Image.fromarray(pixels(7, 16, 16, 1)).convert("RGB").save(as_rgb, lossless=True)
    assert read_images([*grey, as_rgb], None, {}).images.shape == (4, 16, 16, 1)
    lossy = tmp_path / "lossy.webp"
    Image.fromarray(pixels(8, 16, 16, 1)).save(lossy, quality=95)
    assert read_images([*grey, lossy], None, {}).images.shape == (4, 16, 16, 1)
    np.testing.assert_array_equal(
        read_images([*grey, lossy], None, {}).images[:3, ..., 0], [pixels(i, 16, 16, 1) for i in range(3)]
    )
    coloured = write(tmp_path / "c.png", 9, height=16, width=16)
    both = read_images([*grey, coloured], 16, {}).images
    np.testing.assert_array_equal(both[1], pixels(1, 16, 16, 1)[..., np.newaxis].repeat(3, -1))
    np.testing.assert_array_equal(both[3], pixels(9, 16, 16))


def test_a_side_that_is_asked_for_is_taken(tmp_path):
    path = write(tmp_path / "a.png", 0, height=64, width=128, channels=1)
    fitted = read_images([path], 32, {}).images[0, ..., 0]
    means = pixels(0, 64, 128, 1).reshape(16, 4, 32, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(fitted[8:24], means, atol=0.501)
    np.testing.assert_array_equal(fitted[:8], fitted[8:9].repeat(8, 0))
    np.testing.assert_array_equal(fitted[24:], fitted[23:24].repeat(8, 0))


def test_what_cannot_be_read_is_told_by_its_place(tmp_path):
    paths = [write(tmp_path / f"{index}.png", index, height=16, width=16) for index in range(4)]
    paths[1].write_bytes(b"")
    read = read_images(paths, None, {3: "known"})
    assert read.causes == {1: "zero bytes", 3: "known"}
    assert read.kept.tolist() == [0, 2]
    np.testing.assert_array_equal(read.images[1], pixels(2, 16, 16))
    assert len(read_images([paths[1]], None, {}).images) == 0


def test_a_version_with_other_bounds_of_the_default_side_reads_anew(tmp_path, monkeypatch):
    paths = [write(tmp_path / "a.png", 0, height=50, width=50)]
    assert read_images(paths, None, {}).images.shape == (1, 40, 40, 3)
    monkeypatch.setattr(reading, "LARGEST", 48)
    assert read_images(paths, None, {}).images.shape == (1, 48, 48, 3)
