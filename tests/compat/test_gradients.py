"""What TensorFlow keeps of a training that is over."""

import gc
import threading

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.compat.gradients import custom_gradients, freed_graphs
from nlgan_tf.compat.keras import keras


@tf.custom_gradient
def doubled(x):
    return 2 * x, lambda dy: 2 * dy


def trace(f):
    """A graph of x -> 2 x, not differentiated yet."""
    return tf.function(f, input_signature=[tf.TensorSpec((), tf.float32)]).get_concrete_function()


def derivative(graph) -> float:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = graph(x)
    return float(tape.gradient(y, x))


def trained() -> keras.Model:
    classifier = nl.build_classifier((16, 16, 1), width=0.1, network="small")
    classifier.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    classifier.fit(np.zeros((8, 16, 16, 1)), np.ones((8, 1)), verbose=0)
    return classifier


def test_a_training_and_its_graphs_leave_the_memory():
    """Without the block its graphs are kept; a TensorFlow that keeps none needs no `freed_graphs`."""

    def graphs() -> int:
        gc.collect()
        return sum(type(each).__name__ == "FuncGraph" for each in gc.get_objects())

    before = graphs()
    trained()
    kept = graphs()
    assert kept > before
    with freed_graphs():
        trained()
    assert graphs() == kept


def test_a_trained_model_goes_on_after_its_block():
    with freed_graphs():
        classifier = trained()
    before = classifier.get_weights()
    classifier.fit(np.zeros((8, 16, 16, 1)), np.ones((8, 1)), verbose=0)
    assert any((mine != theirs).any() for mine, theirs in zip(classifier.get_weights(), before, strict=True))


def test_graphs_of_before_can_still_be_differentiated():
    graph = trace(doubled)
    with freed_graphs():
        trace(doubled)
    assert derivative(graph) == 2.0


def test_what_a_thread_is_tracing_stays_until_its_own_block_ends():
    names = custom_gradients()
    traced, other_has_ended = threading.Event(), threading.Event()
    found = []

    def work() -> None:
        with freed_graphs():
            graph = trace(doubled)
            traced.set()
            other_has_ended.wait(30)
            found.append(derivative(graph))

    with freed_graphs():
        thread = threading.Thread(target=work)
        thread.start()
        assert traced.wait(30)
    other_has_ended.set()
    thread.join()
    assert found == [2.0]
    assert custom_gradients() == names


def test_a_block_that_fails_frees_too():
    names = custom_gradients()

    @freed_graphs()
    def fails() -> None:
        trace(doubled)
        raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert custom_gradients() == names
