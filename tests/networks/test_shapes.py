import math

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.errors import InputError
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator

SHAPES = [(28, 28, 1), (32, 32, 3), (16, 16, 1), (8, 12, 3), (20, 12, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_and_ranges(shape):
    z = tf.random.stateless_uniform((3, 100), (0, 1), -1.0)
    images = build_generator(shape, width=0.1)(z)
    assert images.shape == (3, *shape)
    assert np.abs(images).max() <= 1
    assert build_discriminator(shape, width=0.1)(images).shape == (3, 1)
    assert build_classifier((*shape[:2], shape[2]), width=0.1)(images).shape == (3, 1)


@pytest.mark.parametrize("width", [0.0, -1.0, math.nan])
def test_a_width_that_is_none_is_refused(width):
    for build in (build_generator, build_discriminator, build_classifier):
        with pytest.raises(ValueError, match="Expected width to be finite and above 0, got "):
            build((8, 8, 1), width=width)


@pytest.mark.parametrize("build", [build_discriminator, build_generator, build_classifier])
def test_the_seed_decides_the_weights(build):
    first, again, other = (build((8, 8, 1), width=0.1, seed=seed).get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("build", [build_discriminator, build_generator, build_classifier])
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((28, 28), r"Expected an image shape \(height, width, channels\), got \(28, 28\)"),
        ((28, 0, 1), r"Expected an image shape \(height, width, channels\), got \(28, 0, 1\)"),
        ((28.0, 28, 1), r"Expected an image shape \(height, width, channels\), got \(28.0, 28, 1\)"),
        (
            (30, 28, 1),
            "Expected images whose height and width are divisible by 4, got 30x28: pad or resize them, to 32x28 for",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_refused(build, shape, message):
    with pytest.raises(InputError, match=message):
        build(shape)


def test_three_levels_want_multiples_of_8():
    with pytest.raises(ValueError, match="divisible by 8"):
        build_discriminator((28, 28, 3), levels=3)


@pytest.mark.parametrize("levels", [0, 4])
def test_there_are_one_to_three_levels(levels):
    with pytest.raises(ValueError, match=f"Expected levels from 1 to 3, got {levels}"):
        build_generator((32, 32, 3), levels=levels)
