import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.networks.dropout import CountedDropout


def test_dropout_keeps_the_mean_and_the_rate():
    outputs = CountedDropout(0.25, seed=1)(tf.ones((200, 200)), training=True).numpy()
    assert set(np.unique(outputs)) == {0, np.float32(1 / 0.75)}
    assert outputs.mean() == pytest.approx(1, abs=0.02)


def test_masks_are_a_function_of_seed_and_number_of_calls():
    ones = tf.ones((4, 50))
    first, again, other = CountedDropout(0.5, seed=1), CountedDropout(0.5, seed=1), CountedDropout(0.5, seed=2)
    masks = [first(ones, training=True).numpy() for _ in range(3)]
    assert np.any(masks[0] != masks[1])
    assert np.any(masks[0] != other(ones, training=True))
    again.build(ones.shape)
    again.calls.assign(2)
    np.testing.assert_array_equal(again(ones, training=True), masks[2])


def test_neither_inference_nor_a_rate_of_0_counts():
    layer = CountedDropout(0.5, seed=1)
    np.testing.assert_array_equal(layer(tf.ones((2, 3))), np.ones((2, 3)))
    assert int(layer.calls) == 0
    without = CountedDropout(0.0)
    np.testing.assert_array_equal(without(tf.ones((2, 3)), training=True), np.ones((2, 3)))
    assert int(without.calls) == 0
