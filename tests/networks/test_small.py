import math

import numpy as np
import pytest

from nlgan_tf.networks.small import build_small


def test_parameters_by_hand():
    kernels = 9 * (1 * 16 + 16 * 32 + 32 * 32 + 32 * 64 + 64 * 64)
    scales_and_offsets = 2 * (16 + 32 + 32 + 64 + 64)
    classifier = build_small((28, 28, 1), 1.0, 1, 0)
    assert sum(math.prod(v.shape) for v in classifier.trainable_variables) == kernels + scales_and_offsets + 64 + 1
    assert classifier.get_layer("relu_5").output.shape[1:] == (7, 7, 64)
    assert classifier.get_layer("dropout").rate == 0.3


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 10, 3)])
def test_sides_of_any_number_of_pixels(shape):
    assert build_small(shape, 0.1, 2, 0)(np.zeros((3, *shape), np.float32)).shape == (3, 2)
