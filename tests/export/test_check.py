import json
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from helpers import ROOT
from helpers.damage import damage
from nlgan_tf.export import check_export
from nlgan_tf.export.manifest import read_manifest, write_manifest
from nlgan_tf.export.replay import RECORDS, read_records

SIGNATURES = json.loads((ROOT / "export" / "signatures.json").read_text())


@pytest.mark.slow
def test_check_export_runs_everything_in_a_clean_process(exported_base):
    rows = list(check_export(exported_base))
    assert {(row["model"], row["signature"], row["batch"]) for row in rows} == {
        (model, signature, batch)
        for model, kind in (("classifier", "classifier"), ("positive_generator", "generator"))
        for signature in SIGNATURES[kind]
        for batch in (1, 3, 64)
    }
    assert max(row["deviation"] for row in rows) <= 1e-5


@pytest.fixture
def version(exported_base, tmp_path):
    """A copy of a version, to spoil."""
    subprocess.run(["cp", "-r", str(exported_base / "classifier"), str(tmp_path)], check=True)
    return tmp_path / "classifier" / "1"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda version: (version / "manifest.json").unlink(), "without manifest.json"),
        (
            lambda version: (version / "manifest.json").write_text('{"files": [1]}'),
            "manifest.json as it was written, got a damaged file",
        ),
        (
            lambda version: damage(version, "saved_model.pb"),
            "saved_model.pb as its manifest lists it, got an altered or damaged file",
        ),
        (lambda version: (version / "extra").touch(), "got a file extra beside them"),
        (lambda version: (version / "fingerprint.pb").unlink(), "got no file fingerprint.pb"),
    ],
)
def test_an_altered_version_is_refused_before_it_is_loaded(version, tmp_path, refused, spoil, message):
    spoil(version)
    refused(["check-export", str(tmp_path)], message)


def change_answers(version, output: str, by: float) -> None:
    """Makes the records of a version carry other answers than its Keras model's, and its manifest cover them."""
    records = list(read_records(version))
    with tf.io.TFRecordWriter(str(version / RECORDS)) as writer:
        for record in records:
            if output in record.response.outputs:
                answer = tf.make_ndarray(record.response.outputs[output])
                record.response.outputs[output].CopyFrom(tf.make_tensor_proto(answer + np.float32(by)))
            log = prediction_log_pb2.PredictionLog(predict_log=record)
            writer.write(log.SerializeToString())
    write_manifest(version, {key: value for key, value in read_manifest(version).items() if key != "files"})


@pytest.mark.slow
def test_a_version_that_answers_unlike_its_keras_model_is_refused(version, refused):
    change_answers(version, "probability", by=1e-3)
    message = "to answer serving_default at batch 1 within 1e-05 of the range of its Keras model's answer, got 1.0e-03"
    refused(["check-export", str(version)], message)


@pytest.mark.slow
def test_a_version_that_does_not_run_is_named_after_those_that_passed(version, tmp_path):
    subprocess.run(["cp", "-r", str(version), str(version.with_name("2"))], check=True)
    (version.with_name("2") / "saved_model.pb").write_bytes(b"no model")
    about = {key: value for key, value in read_manifest(version).items() if key != "files"}
    write_manifest(version.with_name("2"), about)
    rows = check_export(tmp_path)
    assert {next(rows)["version"] for _ in range(9)} == {"1"}
    with pytest.raises(ValueError, match=r"Expected .*/classifier/2 to run in a process of its own, got: .*Error"):
        next(rows)


@pytest.mark.slow
def test_a_bfloat16_model_is_judged_by_the_tolerance_of_bfloat16(version):
    change_answers(version, "probability", by=1e-3)
    about = {key: value for key, value in read_manifest(version).items() if key != "files"}
    write_manifest(version, {**about, "compute_dtype": "bfloat16"})
    assert max(row["deviation"] for row in check_export(version)) == pytest.approx(1e-3, abs=1e-5)


def test_a_folder_without_versions_is_refused(tmp_path, refused):
    refused(["check-export", str(tmp_path)], "Expected a version, a model's folder or a base, got")


def test_a_folder_under_which_tensorflow_finds_nothing_is_refused(tmp_path, refused):
    refused(
        ["check-export", str(tmp_path / "we[i]rd")], r"Expected a folder without the characters * ? [ ] \ in its path"
    )
