import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.networks.generator import build_generator


def layers_of(model: keras.Model, kind: type) -> list:
    return [layer for layer in model.layers if isinstance(layer, kind)]


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


def test_attention_precedes_the_last_transposed_convolution():
    names = [layer.name for layer in build_generator((28, 28, 1), width=0.1, attention=True).layers]
    assert names[names.index("attention") + 1] == "deconv_2"


def test_an_unknown_choice_is_refused():
    with pytest.raises(InputError, match="Expected batch_norm to be one of transposed, all; got 'some'"):
        build_generator((8, 8, 1), batch_norm="some")
