import numpy as np
import pytest

from nlgan_tf.data.features import features, hog_features
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
