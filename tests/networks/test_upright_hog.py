import numpy as np
import pytest
from skimage.feature import hog as hog_of_one

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.errors import InputError
from nlgan_tf.networks.upright_hog import UprightHOG, digit_features, hog
from nlgan_tf.networks.upright_hog import upright as upright_of


def upright(image: np.ndarray) -> np.ndarray:
    """Of one image in [0, 1]."""
    return upright_of(2 * image[np.newaxis, ..., np.newaxis] - 1).numpy()[0]


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


@pytest.mark.parametrize("shape", [(16, 16), (28, 28), (19, 30)])
def test_histograms_are_those_of_scikit_image(shape, rng):
    images = rng.random((5, *shape), np.float32)
    cells = {"pixels_per_cell": (shape[0] // 4, shape[1] // 4), "cells_per_block": (2, 2)}
    np.testing.assert_allclose(hog(images), [hog_of_one(image, **cells) for image in images], atol=1e-5)


def test_level_and_upright_edges_have_their_own_directions():
    # An upright edge's gradient points right: direction 0; a level one's points down: direction 4 of 9.
    edge = np.broadcast_to(np.arange(16) >= 8, (16, 16)).astype(np.float32)
    for image, direction in ((edge, 0), (1 - edge, 0), (edge.T, 4)):
        energy = hog(image[np.newaxis]).numpy().reshape(-1, 9).sum(axis=0)
        assert np.flatnonzero(energy).tolist() == [direction]


def test_the_layer_gives_the_features_of_any_number_of_images_and_keras_saves_it(tmp_path):
    digits = nl.load_task("digits:5,7-vs-2,4").images[:20]
    images = keras.Input((16, 16, 1))
    model = keras.Model(images, UprightHOG()(images))
    assert model.output_shape == (None, 324)
    np.testing.assert_allclose(model(to_network_range(digits)), digit_features(digits), atol=1e-5)
    model.save(tmp_path / "hog.keras")
    again = keras.models.load_model(tmp_path / "hog.keras")
    np.testing.assert_array_equal(again(to_network_range(digits[:1])), model(to_network_range(digits[:1])))
