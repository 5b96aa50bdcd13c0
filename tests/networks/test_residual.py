import math

import numpy as np
import pytest

from nlgan_tf.networks.residual import build_residual


def test_parameters_by_hand():
    kernels = 9 * (3 * 24 + 24 * 48 + 48 * 48 + 48 * 96 + 96 * 96 + 96 * 128 + 128 * 128)
    shortcuts = 24 * 48 + 48 * 96 + 96 * 128
    scales_and_offsets = 2 * (24 + 2 * 48 + 2 * 96 + 2 * 128)
    classifier = build_residual((32, 32, 3), 1.0, 1, 0)
    parameters = sum(math.prod(v.shape) for v in classifier.trainable_variables)
    assert parameters == kernels + shortcuts + scales_and_offsets + 128 + 1
    assert classifier.get_layer("relu_3").output.shape[1:] == (4, 4, 128)


def test_a_block_adds_its_input():
    classifier = build_residual((8, 8, 1), 0.1, 1, 0)
    for layer in ("norm_1b", "norm_2b", "norm_3b"):
        # A branch whose last norm scales by 0 adds 0, and the shortcuts alone decide.
        classifier.get_layer(layer).gamma.assign(np.zeros(classifier.get_layer(layer).gamma.shape))
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype(np.float32)
    assert np.ptp(classifier(images)) > 0


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 10, 3)])
def test_sides_of_any_number_of_pixels(shape):
    assert build_residual(shape, 0.1, 2, 0)(np.zeros((3, *shape), np.float32)).shape == (3, 2)
