"""One replica; tests/training/test_distribution.py has several."""

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.training import replicas


def test_one_replica_changes_nothing():
    value = tf.constant([1, 2])
    assert replicas.count() == 1
    assert replicas.own_seed(value) is value
    assert replicas.total([value]) == [value]
    assert replicas.mean(value) is value
    assert replicas.share(value) is value
    replicas.check_switches("mixed_float16", jit_compile=True, steps_per_execution=5)


def test_a_replica_s_part_is_a_share_of_the_mean(monkeypatch):
    monkeypatch.setattr(replicas, "count", lambda: 4)
    assert float(replicas.share(tf.constant(2.0))) == 0.5


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        (("float32", True, 1), "Expected jit_compile without XLA on 2 replicas, got jit_compile=True"),
        (("mixed_float16", "auto", 1), "Expected float32 or mixed_bfloat16 on 2 replicas, got mixed_float16"),
        (("float32", "auto", 3), "Expected steps_per_execution=1 on 2 replicas, got 3"),
    ],
)
def test_switches_that_fail_with_several_replicas_are_refused(monkeypatch, switches, message):
    monkeypatch.setattr(replicas, "count", lambda: 2)
    with pytest.raises(InputError, match=message):
        replicas.check_switches(*switches)


def test_outside_leaves_the_scope_of_a_strategy():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    assert replicas.outside(tf.distribute.has_strategy) is False
    with strategy.scope():
        assert tf.distribute.has_strategy()
        assert replicas.outside(tf.distribute.has_strategy) is False
        assert replicas.outside(np.add, 1, 2) == 3


def test_batch_norms_are_found_in_nested_models(monkeypatch):
    inner_input = keras.Input((3,))
    inner = keras.Model(inner_input, keras.layers.BatchNormalization(name="inner")(inner_input))
    inputs = keras.Input((3,))
    network = keras.Model(inputs, inner(keras.layers.BatchNormalization(name="outer")(inputs)))
    norms = list(replicas.batch_norms(network))
    assert [norm.name for norm in norms] == ["outer", "inner"]
    replicas.synchronize_batch_norm(network)
    assert not any(norm.synchronized for norm in norms)
    monkeypatch.setattr(replicas, "count", lambda: 2)
    replicas.synchronize_batch_norm(network)
    assert all(norm.synchronized for norm in norms)


def test_one_device_does_not_span_machines():
    assert not replicas.spans_machines(tf.distribute.get_strategy())
