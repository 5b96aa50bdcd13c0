import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.export.replay import read_records
from nlgan_tf.export.servable import Example, Servable, save_signatures
from nlgan_tf.export.warmup import replay_records, write_records


@tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
def half(x):
    return {"images": x / 2}


def servable(answer: float, compute_dtype: str = "float32") -> Servable:
    """A model that halves, whose Keras model is said to answer 100 by `answer`."""
    example = Example("half", {"x": np.float32([100])}, {"images": np.float32([answer])})
    facts = {"compute_dtype": compute_dtype}
    return Servable("halves", "generator", {"half": half}, [example], half, ("images",), facts)


def written(one: Servable, folder):
    save_signatures(one, folder)
    write_records(one, folder)
    return folder


def test_records_are_the_examples(tmp_path):
    write_records(servable(50.0), tmp_path)
    (record,) = read_records(tmp_path)
    assert (record.request.model_spec.name, record.request.model_spec.signature_name) == ("halves", "half")
    assert tf.make_ndarray(record.request.inputs["x"]).tolist() == [100.0]
    assert tf.make_ndarray(record.response.outputs["images"]).tolist() == [50.0]


def test_an_export_that_answers_as_its_keras_model_passes(tmp_path):
    replay_records(servable(50.0), written(servable(50.0), tmp_path))


def test_an_export_that_answers_unlike_its_keras_model_is_refused_by_the_tolerance_of_its_dtype(tmp_path):
    # 0.255 is a thousandth of the range of an image.
    one = servable(50.255)
    written(one, tmp_path)
    message = "Expected the export of halves to answer half at batch 1 within 1e-05 of the range .*, got 1.0e-03"
    with pytest.raises(ValueError, match=message):
        replay_records(one, tmp_path)
    replay_records(servable(50.255, "float16"), tmp_path)
