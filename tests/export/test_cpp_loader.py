"""TensorFlow's own C++ loader runs the exports in a process without Python TensorFlow."""

import io
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from helpers import ROOT
from nlgan_tf.export.replay import read_records

pytestmark = pytest.mark.slow
LIBRARY = Path(tf.__file__).parent


def signatures(version: Path) -> dict:
    saved = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
    return dict(saved.meta_graphs[0].signature_def)


def run_in_c(version: Path, requests: list[tuple[str, dict]], folder: Path) -> list:
    """The answers to (signature, inputs), by name, or the error message."""
    found, runs = signatures(version), []
    for name, inputs in requests:
        feeds = [(found[name].inputs[key].name, found[name].inputs[key].dtype, value) for key, value in inputs.items()]
        runs.append((feeds, [info.name for _, info in sorted(found[name].outputs.items())]))
    request = {"library": str(LIBRARY), "version_dir": str(version), "runs": runs}
    (folder / "request").write_bytes(pickle.dumps(request))
    script = ROOT / "tests" / "helpers" / "cpp_loader.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder / "request"), str(folder / "answer")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = pickle.loads((folder / "answer").read_bytes())
    return [
        answer if isinstance(answer, str) else dict(zip(sorted(found[name].outputs), answer, strict=True))
        for (name, _), answer in zip(requests, answers, strict=True)
    ]


@pytest.mark.parametrize("model", ["classifier", "positive_generator"])
def test_every_signature_answers_as_the_keras_model(exported_base, model, tmp_path):
    version = exported_base / model / "1"
    records = list(read_records(version))
    requests = [
        (
            record.request.model_spec.signature_name,
            {name: tf.make_ndarray(value) for name, value in record.request.inputs.items()},
        )
        for record in records
    ]
    for record, answer in zip(records, run_in_c(version, requests, tmp_path), strict=True):
        assert not isinstance(answer, str), answer
        for name, proto in record.response.outputs.items():
            expected = tf.make_ndarray(proto)
            if expected.dtype == np.float32:
                scale = 255 if name == "images" else 1
                np.testing.assert_allclose(answer[name] / scale, expected / scale, atol=1e-5)
            elif name != "png_bytes":
                np.testing.assert_array_equal(answer[name], expected)
            else:
                for one, other in zip(answer[name], expected, strict=True):
                    difference = tf.io.decode_png(one).numpy().astype(int) - tf.io.decode_png(other).numpy()
                    assert np.abs(difference).max() <= 1


def photograph(orientation: int) -> bytes:
    """A JPEG with an EXIF orientation."""
    exif, stream = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.fromarray((np.arange(600) % 256).astype(np.uint8).reshape(30, 20)).save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def test_bad_requests_are_refused_with_a_clear_message(exported_base, tmp_path):
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes([0x7F, 255, 255, 255] * 2)
    good = tf.io.encode_png(np.zeros((8, 8, 1), np.uint8)).numpy()
    answers = run_in_c(
        exported_base / "classifier" / "1",
        [
            ("serving_bytes", {"image_bytes": np.array([good, b"GIF89a"], object)}),
            ("serving_bytes", {"image_bytes": np.array([huge], object)}),
            ("serving_default", {"images": np.zeros((1, 8, 9, 1), np.float32)}),
            ("serving_default", {"images": np.zeros((0, 8, 8, 1), np.float32)}),
            ("serving_bytes", {"image_bytes": np.array([good], object)}),
            ("serving_bytes", {"image_bytes": np.array([photograph(6), photograph(1)], object)}),
        ],
        tmp_path,
    )
    assert "Expected image_bytes[1] to be PNG or JPEG, got other bytes" in answers[0]
    assert "Expected image_bytes[0] to have 1 to 16777216 pixels, got 2147483647 x 2147483647 pixels" in answers[1]
    assert "not compatible with expected shape [?,8,8,1]" in answers[2]
    assert "Expected at least one image in the request, got none" in answers[3]
    assert answers[4]["probability"].shape == (1,)
    # Another image where the orientation is another.
    assert answers[5]["probability"][0] != answers[5]["probability"][1]
