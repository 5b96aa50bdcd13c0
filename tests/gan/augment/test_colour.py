import math

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment.colour import RandomColour

SEED = tf.constant([1, 2])


@pytest.fixture
def photos(rng) -> np.ndarray:
    return rng.uniform(-1, 1, (500, 4, 5, 3)).astype(np.float32)


def test_no_strength_leaves_images_exactly_as_they_are(photos):
    np.testing.assert_array_equal(RandomColour()(tf.constant(photos), SEED), photos)


def test_brightness_adds_the_same_to_all_values_of_an_image(photos):
    added = RandomColour(brightness=0.25)(tf.constant(photos), SEED).numpy() - photos
    of_image = added.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(added, np.broadcast_to(of_image[:, None, None, None], added.shape), atol=1e-6)
    assert 0.24 < of_image.max() < 0.2501
    assert -0.2501 < of_image.min() < -0.24
    assert of_image.std() == pytest.approx(0.25 / math.sqrt(3), rel=0.1)


def log_factors(before: np.ndarray, after: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Logs of the factors on the distances from the means over the axes, which must be the same before and after."""
    means = before.mean(axis=axes, keepdims=True)
    np.testing.assert_allclose(after.mean(axis=axes, keepdims=True), means, atol=1e-5)
    factors = np.linalg.norm(after - means, axis=(1, 2))[:, 0] / np.linalg.norm(before - means, axis=(1, 2))[:, 0]
    np.testing.assert_allclose(after - means, factors[:, None, None, None] * (before - means), atol=1e-5)
    return np.log(factors)


@pytest.mark.parametrize(("setting", "axes"), [("contrast", (1, 2, 3)), ("saturation", (3,))])
def test_contrast_and_saturation_stretch_about_the_mean(photos, setting, axes):
    after = RandomColour(**{setting: 0.4})(tf.constant(photos), SEED).numpy()
    logs = log_factors(photos, after, axes)
    assert 0.39 < logs.max() < 0.401
    assert -0.401 < logs.min() < -0.39
    assert logs.std() == pytest.approx(0.4 / math.sqrt(3), rel=0.1)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_images_have_no_saturation(photos, channels):
    grey = np.repeat(photos[..., :1], channels, axis=3)
    np.testing.assert_allclose(RandomColour(saturation=0.9)(tf.constant(grey), SEED), grey, atol=1e-6)


def test_the_gradient_of_the_sum_is_one_at_each_value():
    images = tf.Variable(tf.random.stateless_uniform((50, 4, 4, 3), [3, 4]))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(RandomColour(0.2, 0.3, 0.4)(images, SEED))
    # Neither contrast nor saturation changes an image's mean, and brightness adds to the mean.
    np.testing.assert_allclose(tape.gradient(total, images), np.ones(images.shape), atol=1e-5)


@pytest.mark.parametrize("setting", ["brightness", "contrast", "saturation"])
def test_negative_settings_are_refused(setting):
    with pytest.raises(InputError, match=rf"Expected {setting} to be finite and at least 0; got -0\.1"):
        RandomColour(**{setting: -0.1})
