import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.gan.augment import RandomTranslation, translate


def test_translation_by_hand():
    image = tf.reshape(tf.range(9.0), (1, 3, 3, 1))
    moved = translate(image, tf.constant([1]), tf.constant([-1]))
    np.testing.assert_array_equal(moved[0, ..., 0], [[1, 2, 2], [1, 2, 2], [4, 5, 5]])


def test_each_image_and_channel_moves_as_numpy_says(rng):
    images = rng.normal(size=(5, 8, 6, 3)).astype(np.float32)
    dy, dx = rng.integers(-3, 4, 5), rng.integers(-2, 3, 5)
    moved = translate(tf.constant(images), tf.constant(dy, tf.int32), tf.constant(dx, tf.int32))
    for image, result, y, x in zip(images, moved, dy, dx, strict=True):
        rows, columns = np.clip(np.arange(8) - y, 0, 7), np.clip(np.arange(6) - x, 0, 5)
        np.testing.assert_array_equal(result, image[rows][:, columns])


def test_the_gradient_goes_back_where_the_pixel_came_from():
    image = tf.Variable(tf.zeros((1, 3, 3, 1)))
    with tf.GradientTape() as tape:
        value = translate(image, tf.constant([1]), tf.constant([0]))[0, 1, 2, 0]
    gradient = tape.gradient(value, image).numpy()[0, ..., 0]
    np.testing.assert_array_equal(gradient, [[0, 0, 1], [0, 0, 0], [0, 0, 0]])


def position_of_the_dot(augment, n=2000, side=16):
    images = np.zeros((n, side, side, 1), np.float32)
    images[:, 8, 8] = 1
    moved = augment(tf.constant(images), tf.constant([1, 2])).numpy()
    return np.argwhere(moved[..., 0])[:, 1:] - 8


def test_shifts_are_uniform_over_the_allowed_range():
    shifts = position_of_the_dot(RandomTranslation(0.125))
    for axis in (0, 1):
        values, counts = np.unique(shifts[:, axis], return_counts=True)
        assert values.tolist() == [-2, -1, 0, 1, 2]
        assert counts.min() > 320


def test_the_probability_is_the_share_of_images_that_may_move():
    moved = np.any(position_of_the_dot(RandomTranslation(0.25, probability=0.5)) != 0, axis=1)
    assert moved.mean() == pytest.approx(0.5 * 80 / 81, abs=0.03)
    assert not position_of_the_dot(RandomTranslation(0.25, probability=0)).any()


def test_the_seed_decides_the_shifts(rng):
    images = tf.constant(rng.normal(size=(20, 8, 8, 1)).astype(np.float32))
    augment = RandomTranslation(0.25)
    first, again, other = (augment(images, tf.constant([1, seed])) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


@pytest.mark.parametrize("settings", [{"max_fraction": 1}, {"max_fraction": -0.1}, {"probability": 1.5}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(
        ValueError, match=r"Expected max_fraction in \[0, 1\) and probability in \[0, 1\], got max_fraction="
    ):
        RandomTranslation(**settings)
