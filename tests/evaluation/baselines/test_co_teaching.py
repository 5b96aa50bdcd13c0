import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.evaluation.baselines.co_teaching import exchange_step, kept_share


def test_the_share_that_is_kept_falls_for_ten_epochs():
    # Of (.7, .85), .225 of the labels in a batch of equal noisy classes are wrong.
    shares = [kept_share(NoisePriors(0.7, 0.85), epoch) for epoch in (1, 5, 10, 25)]
    assert shares == pytest.approx([1 - 0.0225, 1 - 0.1125, 0.775, 0.775])


def test_each_network_learns_what_the_other_finds_easy():
    images, labels = tf.reshape([[1.0, 0.0], [0.0, 1.0]], (2, 1, 1, 2)), tf.ones((2, 1))
    networks, optimizers = [], []
    # The first finds the first image easy, the second the second.
    for weights in ([3.0, -3.0], [-2.0, 2.0]):
        flat = keras.layers.Flatten()
        network = keras.Sequential([keras.Input((1, 1, 2)), flat, keras.layers.Dense(1, use_bias=False)])
        network.set_weights([np.array(weights, np.float32)[:, np.newaxis]])
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.build(network.trainable_variables)
        networks.append(network)
        optimizers.append(optimizer)
    exchange_step(networks, optimizers, images, labels, tf.constant(0.5))
    first, second = (network.get_weights()[0][:, 0] for network in networks)
    # A step of 1 - sigmoid(logit) on the one image that the other network chose.
    assert first == pytest.approx([3, -3 + 1 / (1 + np.exp(-3))])
    assert second == pytest.approx([-2 + 1 / (1 + np.exp(-2)), 2])
