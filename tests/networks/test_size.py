import math

import pytest

import nlgan_tf as nl
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator
from nlgan_tf.networks.size import stage_one_size


def test_parameters_of_the_mnist_networks_by_hand():
    convolutions = (9 * 1 * 64 + 64) + (9 * 64 * 128 + 128)
    spectral_state = (9 + 64) + (9 * 64 + 128)
    fully_connected = (7 * 7 * 128 * 1024 + 1024) + (1024 + 1)
    dropout_calls = 1
    discriminator = build_discriminator((28, 28, 1), "exact")
    assert discriminator.count_params() == convolutions + spectral_state + fully_connected + dropout_calls
    dense = (100 * 1024 + 1024) + (1024 * 6272 + 6272)
    transposed = (16 * 128 * 64 + 64) + (16 * 64 * 1 + 1)
    batch_norm = 4 * (1024 + 6272 + 64)
    assert build_generator((28, 28, 1)).count_params() == dense + transposed + batch_norm


def test_parameters_of_the_cifar_networks_by_hand():
    convolutions = (27 * 64 + 64) + (9 * 64 * 128 + 128) + (9 * 128 * 256 + 256)
    fully_connected = (4 * 4 * 256 * 1024 + 1024) + (1024 + 1)
    discriminator = build_discriminator((32, 32, 3))
    assert sum(math.prod(v.shape) for v in discriminator.trainable_variables) == convolutions + fully_connected


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((28, 28, 1), {}),
        ((16, 16, 1), {"width": 0.5, "kernel_size": 3, "batch_norm": "transposed"}),
        ((32, 32, 3), {"width": 0.1, "d_batch_norm": True, "spectral_norm": None}),
        ((8, 12, 3), {"width": 0.25}),
        ((32, 32, 3), {"width": 0.5, "generator": "resnet"}),
        ((28, 28, 1), {"width": 0.1, "generator": "resnet"}),
    ],
)
def test_parameters_are_those_of_the_model_that_is_built(shape, settings):
    config = nl.StageOneConfig(**settings)
    model = nl.build_nlgan(shape, nl.NoisePriors(0.7, 0.85), config)
    built = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    assert stage_one_size(shape, config).parameters == built


def test_memory_and_multiplications_grow_with_the_images():
    config = nl.StageOneConfig(width=0.5)
    small, large = (stage_one_size((side, side, 3), config) for side in (64, 256))
    # Measured: 1.25 GB and 6.6 GB.
    assert small.memory == pytest.approx(1.25e9, rel=0.1)
    assert large.memory == pytest.approx(6.6e9, rel=0.1)
    assert large.multiplications == pytest.approx(16 * small.multiplications, rel=0.01)
