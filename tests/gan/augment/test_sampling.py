import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.gan.augment.sampling import bilinear


def values(image: list, points: list, fill: str = "constant") -> list:
    """Values of one grey image at points (x, y)."""
    images = tf.constant(image, tf.float32)[tf.newaxis, ..., tf.newaxis]
    x, y = tf.unstack(tf.constant(points, tf.float32)[tf.newaxis, tf.newaxis], axis=-1)
    return bilinear(images, x, y, fill)[0, 0, :, 0].numpy().tolist()


def test_points_between_pixels_by_hand():
    image = [[0, 4], [8, 12]]
    assert values(image, [(0, 0), (1, 0), (0, 1), (1, 1)]) == [0, 4, 8, 12]
    assert values(image, [(0.25, 0), (0, 0.5), (0.5, 0.5), (0.75, 0.25)]) == [1, 4, 6, 5]


def test_points_outside_are_black_or_mirrored():
    image = [[3, 5], [3, 5]]
    outside = [(-1, 0), (-0.5, 0), (1.5, 0), (2, 0), (-40, 0), (0, 90), (1, 1.25)]
    assert values(image, outside) == [-1, 1, 2, -1, -1, -1, 3.5]
    mirrored = [(-1, 0), (-2, 0), (-3, 0), (-0.5, 0), (2, 0), (3, 0), (4, 0), (1.5, 0), (1, -7), (-0.75, 0)]
    assert values(image, mirrored, "reflect") == [3, 5, 5, 3, 5, 3, 3, 5, 5, 3]


@pytest.mark.parametrize("fill", ["constant", "reflect"])
def test_each_image_and_channel_has_the_values_of_numpy_at_whole_pixels(rng, fill):
    images = rng.normal(size=(3, 5, 6, 2)).astype(np.float32)
    x, y = rng.integers(-3, 9, (3, 4, 7)), rng.integers(-3, 8, (3, 4, 7))
    result = bilinear(tf.constant(images), tf.constant(x, tf.float32), tf.constant(y, tf.float32), fill)
    mode = {"mode": "symmetric"} if fill == "reflect" else {"constant_values": -1}
    padded = np.pad(images, ((0, 0), (3, 3), (3, 3), (0, 0)), **mode)
    np.testing.assert_allclose(result, padded[np.arange(3)[:, None, None], y + 3, x + 3], atol=1e-6)


def test_the_gradient_goes_to_the_four_pixels_by_their_weights():
    images = tf.Variable(tf.zeros((1, 3, 3, 1)))
    with tf.GradientTape() as tape:
        value = bilinear(images, tf.constant([[[1.25]]]), tf.constant([[[0.5]]]))
    gradient = tape.gradient(value, images).numpy()[0, ..., 0]
    np.testing.assert_array_equal(gradient, [[0, 0.375, 0.125], [0, 0.375, 0.125], [0, 0, 0]])
