import itertools

import numpy as np
import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.blocks import convolution, leaky_relu, normalised_convolution, pooled_logits
from nlgan_tf.networks.shapes import layer_seeds


def test_a_convolution_has_no_bias_and_first_weights_by_he():
    images = keras.Input((8, 6, 16))
    output = convolution(images, 32, 3, layer_seeds(0), "conv", strides=2)
    (kernel,) = keras.Model(images, output).get_weights()
    assert output.shape[1:] == (4, 3, 32)
    assert kernel.shape == (3, 3, 16, 32)
    # He et al. 2015: variance 2 / (9 x 16), here of 4,608 draws.
    assert kernel.var() == pytest.approx(2 / 144, rel=0.1)


def test_a_normalised_convolution_by_hand():
    images = keras.Input((1, 1, 1))
    model = keras.Model(images, normalised_convolution(images, 1, layer_seeds(0), "1"))
    # Of a 3x3 kernel at one pixel the middle alone counts: 2 x, normalised to (2 x - 1) / 2, then x 3 - 1.
    model.get_layer("conv_1").set_weights([np.full((3, 3, 1, 1), 2.0)])
    variance = 4 - model.get_layer("norm_1").epsilon
    model.get_layer("norm_1").set_weights(np.array([[3.0], [-1.0], [1.0], [variance]]))
    values = model(np.reshape([2.0, 0.0], (2, 1, 1, 1)).astype(np.float32)).numpy().ravel()
    # 3 x 3/2 - 1 = 3.5, and 3 x -1/2 - 1 = -2.5 times the slope .1.
    np.testing.assert_allclose(values, [3.5, -0.25], rtol=1e-5)


def test_without_activation_values_below_0_stay():
    images = keras.Input((4, 4, 1))
    output = normalised_convolution(images, 2, layer_seeds(0), "1", activation=False)
    names = [layer.name for layer in keras.Model(images, output).layers]
    assert names[1:] == ["conv_1", "norm_1"]


def test_leaky_relu_has_the_slope_of_a_tenth():
    x = keras.Input((2,))
    np.testing.assert_allclose(keras.Model(x, leaky_relu(x, "1"))(np.array([[-2.0, 3.0]])), [[-0.2, 3.0]], rtol=1e-6)


def test_logits_are_of_the_average_over_all_pixels():
    maps = keras.Input((2, 2, 3))
    model = keras.Model(maps, pooled_logits(maps, 2, layer_seeds(0)))
    model.get_layer("logits").set_weights([np.array([[1.0, 0], [10, 0], [100, 0]]), np.array([0.5, 7])])
    values = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    # The means of 0, 3, 6, 9 and of these plus 1 and plus 2.
    np.testing.assert_allclose(model(values), [[4.5 + 55 + 650 + 0.5, 7]], rtol=1e-6)


def test_each_layer_takes_a_seed_of_its_own():
    seeds, images = itertools.count(), keras.Input((4, 4, 1))
    pooled_logits(normalised_convolution(images, 2, seeds, "1"), 1, seeds)
    assert next(seeds) == 3
