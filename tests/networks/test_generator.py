import math

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator
from nlgan_tf.networks.spectral import ExactSpectralNormalization

SHAPES = [(28, 28, 1), (32, 32, 3), (16, 16, 1), (8, 12, 3), (20, 12, 1)]


def layers_of(model: keras.Model, kind: type) -> list:
    return [layer for layer in model.layers if isinstance(layer, kind)]


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
        with pytest.raises(ValueError, match=r"width=.* is out of range: accepted are finite values above 0"):
            build((8, 8, 1), width=width)


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


def test_discriminator_follows_section_3_1():
    discriminator = build_discriminator((28, 28, 1), "exact")
    normalised = layers_of(discriminator, ExactSpectralNormalization)
    assert [wrapper.layer.filters for wrapper in normalised] == [64, 128]
    assert [wrapper.layer.kernel_size for wrapper in normalised] == [(3, 3), (3, 3)]
    assert [layer.rate for layer in layers_of(discriminator, keras.layers.Dropout)] == [0.5]
    assert not layers_of(discriminator, keras.layers.BatchNormalization)
    assert len(layers_of(build_discriminator((32, 32, 3), "exact"), ExactSpectralNormalization)) == 3
    everywhere = build_discriminator((28, 28, 1), "exact", spectral_layers="all")
    assert len(layers_of(everywhere, ExactSpectralNormalization)) == 4
    assert not layers_of(build_discriminator((28, 28, 1), spectral_norm=None), ExactSpectralNormalization)


@pytest.mark.stack("current", reason="Keras's own wrapper fails in the graphs of TF 2.15")
def test_spectral_normalisation_by_keras():
    discriminator = build_discriminator((28, 28, 1), "keras")
    assert len(layers_of(discriminator, keras.layers.SpectralNormalization)) == 2
    assert len(layers_of(build_discriminator((28, 28, 1)), ExactSpectralNormalization)) == 2


@pytest.mark.stack("legacy", reason="tensorflow-addons cannot be imported on TF 2.16 and later")
def test_spectral_normalisation_by_tensorflow_addons_is_the_default():
    from nlgan_tf.compat.keras import addons

    assert len(layers_of(build_discriminator((28, 28, 1)), addons.layers.SpectralNormalization)) == 2


def test_generator_batch_norm_by_choice():
    names = {
        choice: [
            layer.name
            for layer in layers_of(build_generator((28, 28, 1), batch_norm=choice), keras.layers.BatchNormalization)
        ]
        for choice in ("transposed", "all")
    }
    assert names == {"transposed": ["deconv_1_bn"], "all": ["fc_1_bn", "fc_2_bn", "deconv_1_bn"]}


def test_generator_kernel_size_by_choice():
    kernels = layers_of(build_generator((28, 28, 1), kernel_size=3), keras.layers.Conv2DTranspose)
    assert [layer.kernel_size for layer in kernels] == [(3, 3), (3, 3)]


@pytest.mark.parametrize("build", [build_discriminator, build_generator, build_classifier])
def test_the_seed_decides_the_weights(build):
    first, again, other = (build((8, 8, 1), width=0.1, seed=seed).get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("build", [build_discriminator, build_generator, build_classifier])
@pytest.mark.parametrize("shape", [(28, 28), (30, 28, 1), (28, 0, 1)])
def test_shapes_that_do_not_fit_are_refused(build, shape):
    with pytest.raises(ValueError, match=r"accepted is .* divisible by 4"):
        build(shape)


def test_three_levels_want_multiples_of_8():
    with pytest.raises(ValueError, match="divisible by 8"):
        build_discriminator((28, 28, 3), levels=3)


@pytest.mark.parametrize("levels", [0, 4])
def test_there_are_one_to_three_levels(levels):
    with pytest.raises(ValueError, match=f"levels={levels} is out of range: accepted are 1 to 3"):
        build_generator((32, 32, 3), levels=levels)


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="accepted are convolutions, all"):
        build_discriminator((8, 8, 1), spectral_layers="some")
    with pytest.raises(ValueError, match=r"dropout=1 is out of range"):
        build_discriminator((8, 8, 1), dropout=1)
    with pytest.raises(ValueError, match="accepted are transposed, all"):
        build_generator((8, 8, 1), batch_norm="some")


def test_dropout_draws_anew_in_each_training_call_and_never_in_inference():
    discriminator = build_discriminator((8, 8, 1), width=0.25, spectral_norm=None)
    images = tf.random.stateless_normal((5, 8, 8, 1), (0, 1))
    first, second = discriminator(images, training=True), discriminator(images, training=True)
    assert np.abs(first - second).max() > 1e-4
    np.testing.assert_array_equal(discriminator(images), discriminator(images))


def test_dropout_keeps_the_mean_and_the_rate():
    from nlgan_tf.networks.dropout import CountedDropout

    outputs = CountedDropout(0.25, seed=1)(tf.ones((200, 200)), training=True).numpy()
    assert set(np.unique(outputs)) == {0, np.float32(1 / 0.75)}
    assert outputs.mean() == pytest.approx(1, abs=0.02)


def test_batch_norm_and_attention_of_d_by_choice():
    plain = build_discriminator((28, 28, 1), width=0.1)
    assert not [layer for layer in plain.layers if layer.name in ("conv_2_norm", "attention")]
    normed = build_discriminator((28, 28, 1), None, width=0.1, batch_norm=True, attention=True)
    names = [layer.name for layer in normed.layers]
    # As in DCGAN not on D's first layer; attention on its largest maps.
    assert "conv_1_norm" not in names
    assert names.index("conv_2") < names.index("conv_2_norm") < names.index("conv_2_relu")
    assert names[names.index("conv_1_relu") + 1] == "attention"
    generator = [layer.name for layer in build_generator((28, 28, 1), width=0.1, attention=True).layers]
    assert generator[generator.index("attention") + 1] == "deconv_2"
