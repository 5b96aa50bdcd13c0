import pickle

import pytest
import tensorflow as tf

from nlgan_tf.errors import InputError, MissingPackage, TrainingFailed

ERRORS = (InputError, MissingPackage, TrainingFailed)


def test_every_refusal_is_a_value_error():
    assert issubclass(MissingPackage, InputError)
    assert issubclass(InputError, ValueError)
    # A fault of training is no refusal of what was asked for.
    assert not issubclass(TrainingFailed, ValueError)


@pytest.mark.parametrize("error", [InputError, MissingPackage])
def test_a_refusal_raised_while_a_graph_is_built_keeps_its_type(error):
    @tf.function
    def built(x: tf.Tensor) -> tf.Tensor:
        raise error("Expected one, got another")

    with pytest.raises(error, match="Expected one, got another"):
        built(tf.constant(1))


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_passes_between_processes(error):
    again = pickle.loads(pickle.dumps(error("Expected one, got another")))
    assert type(again) is error
    assert str(again) == "Expected one, got another"
