import math

import numpy as np
import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.networks.resnet_generator import build_resnet_generator


def convolution(side: int, inputs: int, outputs: int) -> int:
    return side**2 * inputs * outputs + outputs


def test_parameters_of_the_cifar_generator_by_hand():
    dense = 100 * 4096 + 4096
    blocks = [(256, 128), (128, 64), (64, 64)]
    convolutions = sum(
        convolution(1, inputs, outputs) + convolution(3, inputs, outputs) + convolution(3, outputs, outputs)
        for inputs, outputs in blocks
    )
    norms = 2 * (256 + 128 + 128 + 64 + 64 + 64 + 64)
    generator = build_resnet_generator((32, 32, 3))
    built = sum(math.prod(variable.shape) for variable in generator.trainable_variables)
    assert built == dense + convolutions + norms + convolution(3, 64, 3)


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 12, 3), (16, 24, 3)])
def test_draws_images_of_the_shape_in_the_networks_range(shape):
    generator = build_resnet_generator(shape, latent_dim=7, width=0.1, attention=True, seed=1)
    images = generator(np.random.default_rng(0).uniform(-1, 1, (3, 7)).astype("float32")).numpy()
    assert images.shape == (3, *shape)
    assert 0 < np.abs(images).max() <= 1


def test_seeds_decide_the_weights():
    first, same, other = (build_resnet_generator((8, 8, 1), width=0.1, seed=seed).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(one, two) for one, two in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_has_no_transposed_kernel():
    generator = build_resnet_generator((8, 8, 1), width=0.1)
    assert not [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2DTranspose)]


def test_a_side_that_does_not_halve_is_refused():
    with pytest.raises(InputError, match="divisible by 4"):
        build_resnet_generator((30, 28, 1))
