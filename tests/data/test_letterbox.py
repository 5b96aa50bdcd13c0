import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from nlgan_tf.data.letterbox import letterboxed


def test_a_wide_image_is_centred_between_its_own_edges():
    pixels = np.array([[10, 20], [30, 40]], np.uint8)[..., np.newaxis].repeat(2, axis=1)  # 2 x 4
    fitted = letterboxed(pixels, (4, 4)).numpy()[..., 0]
    np.testing.assert_array_equal(fitted[:2], [[10, 10, 20, 20]] * 2)
    np.testing.assert_array_equal(fitted[2:], [[30, 30, 40, 40]] * 2)


def test_a_tall_image_is_centred_and_of_an_odd_rest_the_smaller_half_comes_first():
    pixels = np.array([[1, 2, 3]] * 12, np.uint8).repeat(2, axis=1)[..., np.newaxis]  # 12 x 6, halved to 6 x 3
    np.testing.assert_array_equal(letterboxed(pixels, (6, 6))[0, :, 0], [1, 1, 2, 3, 3, 3])


def test_an_image_of_the_same_aspect_is_averaged_by_areas():
    pixels = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    means = pixels.reshape(3, 4, 5, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(letterboxed(pixels, (3, 5)), means, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 999, 1), (999, 1, 1), (1, 1, 3), (3, 5, 3)])
def test_any_aspect_gives_the_size(shape):
    pixels = np.full(shape, 200, np.uint8)
    np.testing.assert_allclose(letterboxed(pixels, (8, 12)), np.full((8, 12, shape[-1]), 200), atol=1e-3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_undone_before_the_edges_are_repeated(orientation):
    pixels = np.random.default_rng(1).integers(0, 256, (14, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(stream)))
    np.testing.assert_allclose(letterboxed(pixels, (8, 8), orientation), letterboxed(upright, (8, 8)), atol=1e-3)
