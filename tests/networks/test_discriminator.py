import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.spectral import ExactSpectralNormalization


def layers_of(model: keras.Model, kind: type) -> list:
    return [layer for layer in model.layers if isinstance(layer, kind)]


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


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="Expected spectral_layers to be one of convolutions, all; got 'some'"):
        build_discriminator((8, 8, 1), spectral_layers="some")
    with pytest.raises(ValueError, match="Expected dropout to be at least 0 and below 1, got 1"):
        build_discriminator((8, 8, 1), dropout=1)


def test_dropout_draws_anew_in_each_training_call_and_never_in_inference():
    discriminator = build_discriminator((8, 8, 1), width=0.25, spectral_norm=None)
    images = tf.random.stateless_normal((5, 8, 8, 1), (0, 1))
    first, second = discriminator(images, training=True), discriminator(images, training=True)
    assert np.abs(first - second).max() > 1e-4
    np.testing.assert_array_equal(discriminator(images), discriminator(images))


def test_batch_norm_and_attention_of_d_by_choice():
    plain = build_discriminator((28, 28, 1), width=0.1)
    assert not [layer for layer in plain.layers if layer.name in ("conv_2_norm", "attention")]
    normed = build_discriminator((28, 28, 1), None, width=0.1, batch_norm=True, attention=True)
    names = [layer.name for layer in normed.layers]
    # As in DCGAN not on D's first layer; attention on its largest maps.
    assert "conv_1_norm" not in names
    assert names.index("conv_2") < names.index("conv_2_norm") < names.index("conv_2_relu")
    assert names[names.index("conv_1_relu") + 1] == "attention"
