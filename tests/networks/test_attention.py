import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.attention import SelfAttention
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator


@pytest.fixture
def maps(rng) -> np.ndarray:
    return rng.normal(size=(2, 4, 6, 16)).astype(np.float32)


def test_it_starts_as_the_identity(maps):
    np.testing.assert_array_equal(SelfAttention()(maps), maps)


def test_it_is_the_formula(maps):
    layer = SelfAttention(seed=3)
    layer(maps)
    layer.gamma.assign(0.5)
    f, g, h, v = (np.asarray(part.kernel)[0, 0] for part in (layer.f, layer.g, layer.h, layer.v))
    assert (f.shape, g.shape, h.shape, v.shape) == ((16, 2), (16, 2), (16, 8), (8, 16))

    def pooled(values: np.ndarray) -> np.ndarray:
        n, height, width, channels = values.shape
        return values.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4)).reshape(n, -1, channels)

    scores = (maps @ f).reshape(2, 24, 2) @ pooled(maps @ g).transpose(0, 2, 1)
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    expected = 0.5 * (weights @ pooled(maps @ h) @ v).reshape(maps.shape) + maps
    np.testing.assert_allclose(layer(maps), expected, rtol=1e-4, atol=1e-5)


def test_every_position_reaches_every_other(maps):
    layer = SelfAttention("exact")
    inputs = tf.Variable(maps)
    layer(inputs)
    layer.gamma.assign(1.0)
    with tf.GradientTape() as tape:
        corner = tf.reduce_sum(layer(inputs)[:, 0, 0])
    assert np.all(np.any(np.asarray(tape.gradient(corner, inputs)) != 0, axis=(0, 3)).reshape(2, 2, 3, 2).any((1, 3)))


def test_networks_with_attention_are_saved_and_loaded(tmp_path, rng):
    networks = {
        "d": (build_discriminator((8, 8, 1), width=0.1, attention=True), rng.normal(size=(3, 8, 8, 1))),
        "g": (build_generator((8, 8, 1), width=0.1, attention=True), rng.normal(size=(3, 100))),
    }
    for name, (network, inputs) in networks.items():
        network.get_layer("attention").gamma.assign(0.7)
        network.save(tmp_path / f"{name}.keras")
        loaded = keras.models.load_model(tmp_path / f"{name}.keras")
        np.testing.assert_array_equal(network(inputs), loaded(inputs))
        plain = sum(layer.count_params() for layer in network.layers if layer.name != "attention")
        assert plain < network.count_params()
