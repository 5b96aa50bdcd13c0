import numpy as np
import pytest

import nlgan_tf as nl
from helpers.extractors import WEIGHTS, channel_means
from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.extractor import ROWS_A_CALL, SETS_KEPT, FrozenFeatures, build_head, build_trunk, has_trunk


@pytest.fixture
def colour(rng) -> np.ndarray:
    return rng.integers(0, 256, (ROWS_A_CALL + 3, 8, 6, 3), dtype=np.uint8)


def test_vectors_by_hand(colour):
    found = FrozenFeatures(channel_means(), (8, 6, 3))(colour)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, colour.mean(axis=(1, 2)) @ WEIGHTS, rtol=1e-4, atol=1e-2)
    floats = FrozenFeatures(channel_means(), (8, 6, 3))(colour.astype(np.float64))
    np.testing.assert_array_equal(floats, found)


def test_grey_images_are_three_times_the_same_channel(images):
    found = FrozenFeatures(channel_means(), (8, 8, 1))(images)
    grey = images.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found, np.stack([6 * grey, 0 * grey], axis=1), rtol=1e-4, atol=1e-2)


def test_an_extractor_of_a_fixed_size_gets_resized_images():
    pixels = keras.Input((4, 4, 1))
    corner = keras.Model(pixels, keras.layers.Flatten()(pixels))
    image = np.zeros((1, 8, 8, 1), np.uint8)
    image[0, :2, :2] = 200
    expected = np.zeros(16)
    expected[0] = 200
    np.testing.assert_allclose(FrozenFeatures(corner, (8, 8, 1))(image)[0], expected, atol=1e-3)


def test_of_maps_the_mean_is_taken(colour):
    pixels = keras.Input((None, None, 3))
    maps = keras.Model(pixels, keras.layers.Rescaling(2.0)(pixels))
    found = FrozenFeatures(maps, (8, 6, 3))(colour)
    np.testing.assert_allclose(found, 2 * colour.mean(axis=(1, 2)), rtol=1e-4)


def test_dropout_and_batch_norm_are_as_in_inference(colour):
    x = pixels = keras.Input((None, None, 3))
    for layer in (keras.layers.Dropout(0.9), keras.layers.BatchNormalization(), keras.layers.GlobalAveragePooling2D()):
        x = layer(x)
    found = FrozenFeatures(keras.Model(pixels, x), (8, 6, 3))(colour)
    # A fresh batch norm has the moving mean 0 and the moving variance 1.
    np.testing.assert_allclose(found, colour.mean(axis=(1, 2)), rtol=1e-2)


def test_the_same_images_are_computed_once(colour):
    model = channel_means()
    features = FrozenFeatures(model, (8, 6, 3))
    first = features(colour)
    model.set_weights([np.zeros_like(WEIGHTS)])
    assert features(colour.copy()) is first
    assert not features(colour[:2]).any()


def test_only_the_last_sets_of_images_are_kept(colour):
    features = FrozenFeatures(channel_means(), (8, 6, 3))
    first, second = features(colour[:1]), features(colour[1:2])
    for row in range(2, 2 + SETS_KEPT - 1):
        features(colour[row : row + 1])
        assert features(colour[1:2]) is second
    again = features(colour[:1])
    assert again is not first
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize(
    ("model", "image_shape", "message"),
    [
        (channel_means, (8, 8, 4), "images with 4 channels, got a model of 3"),
        (lambda: channel_means((None, None, 1), WEIGHTS[:1]), (8, 8, 3), "images with 3 channels, got a model of 1"),
        (
            lambda: keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)]),
            (8, 8, 1),
            r"got one of \(None, 4\) and \(None, 2\)",
        ),
        (lambda: keras.Sequential([keras.layers.Dense(2)]), (8, 8, 1), "no fixed inputs and outputs"),
    ],
)
def test_what_is_not_accepted(model, image_shape, message):
    with pytest.raises(nl.InputError, match=message):
        FrozenFeatures(model(), image_shape)


def test_features_that_are_not_finite_are_refused(colour):
    features = FrozenFeatures(channel_means(weights=np.array([[np.inf], [1.0], [1.0]], np.float32)), (8, 6, 3), "mine")
    with pytest.raises(nl.InputError, match="finite features of mine"):
        features(colour)


def test_a_head_is_linear_in_vectors_of_length_1(colour, tmp_path):
    trunk = build_trunk(channel_means(), (8, 6, 3))
    classifier = build_head(trunk, np.array([2.0, -5.0]), 0.25)
    assert has_trunk(classifier)
    assert not has_trunk(nl.build_classifier((8, 8, 1), width=0.1))
    vectors = colour.mean(axis=(1, 2)) @ WEIGHTS
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    images = colour.astype(np.float32) / 127.5 - 1
    np.testing.assert_allclose(classifier(images)[:, 0], unit @ [2.0, -5.0] + 0.25, rtol=1e-3, atol=1e-4)
    classifier.save(tmp_path / "c.keras")
    again = nl.load_model(tmp_path / "c.keras")
    np.testing.assert_array_equal(again(images), classifier(images))
