import numpy as np
import pytest

from nlgan_tf.data.features import digit_features, features, hog_features, upright
from nlgan_tf.errors import InputError


def test_grey_images_are_their_pixels(rng):
    grey = rng.integers(0, 256, (3, 28, 28, 1), np.uint8)
    np.testing.assert_allclose(features(grey), grey.reshape(3, -1) / 255, rtol=1e-6)
    assert features(grey).dtype == np.float32
    np.testing.assert_array_equal(features(grey[..., 0]), features(grey))


def test_colour_images_become_histograms_of_oriented_gradients(rng):
    colour = rng.integers(0, 256, (3, 32, 32, 3), np.uint8)
    found = features(colour)
    # 3 x 3 cells of 8 pixels moved by one make blocks of 3 x 3: 2 x 2 blocks, 9 cells, 9 directions.
    assert found.shape == (3, 2 * 2 * 9 * 9)
    assert found.dtype == np.float32
    # Gradients do not see a change of brightness.
    np.testing.assert_allclose(features(colour // 2 + np.uint8(40)), features(colour // 2), atol=1e-5)


def test_images_in_0_to_1_are_refused(rng):
    with pytest.raises(InputError, match="Expected images in"):
        features(rng.random((3, 8, 8, 1), np.float32))


def test_images_too_small_for_hog_are_refused(rng):
    with pytest.raises(InputError, match="Expected images of at least 24 x 24 for HOG, got 24 x 23"):
        features(rng.integers(0, 256, (3, 24, 23, 3), np.uint8))


def test_hog_takes_grey_images_where_asked(rng):
    grey = rng.integers(0, 256, (2, 32, 32, 1), np.uint8)
    np.testing.assert_allclose(hog_features(grey), hog_features(np.repeat(grey, 3, axis=-1)), rtol=1e-6)


def bar(slant: float, right: int = 0) -> np.ndarray:
    """A bright bar on a dark ground, 16x16, a column further to the right every 1 / slant rows."""
    image = np.zeros((16, 16), np.float32)
    for row in range(3, 13):
        column = 7.5 + right + slant * (row - 7.5)
        left, share = int(column), column % 1
        image[row, left : left + 2] = 1 - share, share
    return image


def test_what_slants_is_sheared_upright_and_moved_to_the_middle():
    for slant, right in ((0.6, 0), (-0.6, 0), (0.3, 3)):
        upright_ink = upright(bar(slant, right))
        columns = np.arange(16) @ upright_ink.T / upright_ink.sum(axis=1).clip(1e-6)
        np.testing.assert_allclose(columns[4:12], 7.5, atol=0.2)
        np.testing.assert_allclose(np.abs(upright_ink - bar(0)).max(), 0, atol=0.5)
    np.testing.assert_allclose(upright(1 - bar(0.6)), upright(bar(0.6)), atol=1e-6)
    np.testing.assert_array_equal(upright(np.full((16, 16), 0.4, np.float32)), 0)


def test_digit_features_are_those_of_upright_ink():
    slanted, straight, level = (
        digit_features((255 * image[None, :, :, None]).astype(np.uint8)) for image in (bar(0.6), bar(0), bar(0).T)
    )
    assert straight.shape == (1, 324)
    assert straight.dtype == np.float32
    assert np.linalg.norm(slanted - straight) < 0.5 * np.linalg.norm(level - straight)
    assert digit_features(np.zeros((2, 28, 20, 1), np.uint8)).shape == (2, 324)
    for shape in ((2, 15, 28, 1), (2, 28, 28, 3)):
        with pytest.raises(InputError, match="Expected grey images of at least 16 x 16 for their groups, got shape"):
            digit_features(np.zeros(shape, np.uint8))
