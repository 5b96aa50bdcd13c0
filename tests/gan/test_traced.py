import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.gan.traced import Traced


def not_negative(value: float) -> float:
    if value < 0:
        raise InputError(f"Expected a value of at least 0, got {value}")
    return float(value)


class Scaled(keras.Model):
    """Gives images times `factor`, and trains toward `target`."""

    factor = Traced(not_negative)
    target = Traced()

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")

    def call(self, x):
        return self.factor * self.dense(x)

    def train_step(self, data):
        return {"asked": tf.constant(self.factor + self.target)}


@pytest.fixture
def model() -> Scaled:
    model = Scaled()
    model.factor, model.target = 2, 10.0
    model.compile()
    return model


ONES = np.ones((4, 1), np.float32)


def test_a_new_value_replaces_what_was_traced(model):
    assert model.fit(ONES, verbose=0).history["asked"] == [12.0]
    np.testing.assert_array_equal(model.predict(ONES, verbose=0), np.full((4, 1), 2.0))
    model.factor = 3
    assert model.fit(ONES, verbose=0).history["asked"] == [13.0]
    np.testing.assert_array_equal(model.predict(ONES, verbose=0), np.full((4, 1), 3.0))
    model.target = 20.0
    assert model.fit(ONES, verbose=0).history["asked"] == [23.0]


def test_each_value_is_checked_and_a_refused_one_changes_nothing(model):
    assert model.factor == 2.0
    assert isinstance(model.factor, float)
    with pytest.raises(InputError, match="at least 0, got -1"):
        model.factor = -1
    assert model.factor == 2.0


def test_two_models_have_values_of_their_own(model):
    other = Scaled()
    other.factor = 5
    assert (model.factor, other.factor) == (2.0, 5.0)


def test_before_it_is_set_the_error_names_model_and_attribute():
    with pytest.raises(AttributeError, match="Scaled has no target before compile"):
        _ = Scaled().target
    assert not hasattr(Scaled(), "target")
    assert isinstance(Scaled.target, Traced)
