import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.compat.keras import keras
from nlgan_tf.networks import layers

CASES = [
    ("Dense", {"units": 5, "bias_initializer": "random_normal"}, (4, 7)),
    ("Dense", {"units": 5, "use_bias": False, "activation": "tanh"}, (4, 7)),
    ("LeakyReLU", {}, (4, 7)),
    ("BatchNormalization", {"gamma_initializer": "random_normal"}, (6, 7)),
    ("BatchNormalization", {"momentum": 0.9, "beta_initializer": "random_normal"}, (4, 3, 3, 2)),
]
IDS = ["dense", "dense without bias", "leaky", "batch norm", "batch norm of images"]


def twins(name, settings, shape):
    """Ours and Keras's, with the same weights."""
    ours, theirs = (getattr(module, name)(**settings) for module in (layers, keras.layers))
    if LEGACY and name == "BatchNormalization":
        theirs.fused = False  # Keras 2.15's fused one keeps the unbiased variance; Keras 3 and we the biased one.
    for layer in (ours, theirs):
        layer.build(shape)
    theirs.set_weights(ours.get_weights())
    return ours, theirs


@pytest.mark.parametrize(("name", "settings", "shape"), CASES, ids=IDS)
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_outputs_gradients_and_state_are_those_of_keras(name, settings, shape, graph):
    x = tf.random.stateless_normal(shape, seed=(1, 2))
    results = []
    for layer in twins(name, settings, shape):
        arguments = {"training": True} if name == "BatchNormalization" else {}

        def run(x, layer=layer, arguments=arguments):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, **arguments)
                loss = tf.reduce_sum(tf.random.stateless_normal(tf.shape(y), seed=(3, 4)) * y)
            return [y, *tape.gradient(loss, [x, *layer.trainable_variables])]

        results.append([*(tf.function(run) if graph else run)(x), *layer.get_weights(), layer(x)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "settings", "shape"), CASES, ids=IDS)
def test_mixed_precision_computes_in_float16(name, settings, shape):
    layer = getattr(layers, name)(**settings, dtype="mixed_float16")
    x = tf.random.stateless_normal(shape, seed=(1, 2))
    y = layer(x, training=True) if name == "BatchNormalization" else layer(x)
    assert y.dtype == tf.float16
    reference = getattr(keras.layers, name)(**settings)
    reference.build(shape)
    reference.set_weights(layer.get_weights())
    expected = reference(x, training=True) if name == "BatchNormalization" else reference(x)
    np.testing.assert_allclose(tf.cast(y, tf.float32), expected, atol=1e-2)
    assert all(weight.dtype == "float32" for weight in layer.weights)


def test_synchronised_batch_norm_is_left_to_keras():
    layer = layers.BatchNormalization(synchronized=True)
    x = tf.random.stateless_normal((8, 3), seed=(1, 2))
    np.testing.assert_allclose(tf.math.reduce_std(layer(x, training=True), axis=0), np.ones(3), atol=1e-2)


def test_a_frozen_batch_norm_keeps_its_statistics():
    layer = layers.BatchNormalization()
    x = 5 + tf.random.stateless_normal((8, 3), seed=(1, 2))
    layer(x, training=True)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
    for mine, theirs in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
