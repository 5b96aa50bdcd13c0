"""Warm-up records: TF Serving replays them on load, and `check-export` compares the answers."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from nlgan_tf.errors import InputError
from nlgan_tf.export.replay import RECORDS, replay
from nlgan_tf.export.servable import Servable


def write_records(servable: Servable, version_dir: Path) -> None:
    """Writes each example as a PredictionLog: the request, and the Keras model's answer as its response."""
    path = version_dir / RECORDS
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in servable.examples:
            request, response = predict_pb2.PredictRequest(), predict_pb2.PredictResponse()
            for spec in (request.model_spec, response.model_spec):
                spec.name, spec.signature_name = servable.name, example.signature
            for name, value in example.inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            for name, value in example.outputs.items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictLog(request=request, response=response)
            writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString(deterministic=True))


def replay_records(servable: Servable, version_dir: Path) -> None:
    """Runs the records against the SavedModel as written: a broken record would stop a server from loading the model.

    Raises:
        InputError: If an answer differs from the Keras model's by more than the servable's tolerance.
    """
    model = tf.saved_model.load(str(version_dir))
    for row in replay(version_dir, model.signatures):
        if row["deviation"] > servable.tolerance:
            raise InputError(
                f"Expected the export of {servable.name} to answer {row['signature']} at batch {row['batch']} within "
                f"{servable.tolerance:.0e} of the range of its Keras model's answer, got {row['deviation']:.1e}"
            )
