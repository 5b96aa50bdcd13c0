"""Runs a SavedModel's warm-up records and compares the answers with those in the records.

The module imports TensorFlow and TF Serving's messages alone, so that it also runs as a program, in a process that
knows neither Keras nor this package:

    python replay.py < VERSION_DIRECTORIES

Each line of its input is a version directory, as JSON; the program prints one JSON object a record, then one with the
names of all signatures.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

RECORDS = Path("assets.extra", "tf_serving_warmup_requests")


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Within it a GPU multiplies float32 numbers as they are; by default it rounds them to TensorFloat-32's ten bits.

    Examples computed so hold on every machine, and an export is compared with what it was made of, not with rounding.
    """
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def read_records(version_dir: Path) -> Iterator[prediction_log_pb2.PredictLog]:
    """Yields the requests that TF Serving replays on load, each with the Keras model's answer.

    Raises:
        ValueError: For a file without records, or a damaged one.
    """
    path, count = version_dir / RECORDS, 0
    try:
        for serialized in tf.data.TFRecordDataset(str(path)):
            yield prediction_log_pb2.PredictionLog.FromString(serialized.numpy()).predict_log
            count += 1
    except (tf.errors.OpError, ValueError) as error:
        raise ValueError(f"Expected warm-up records in {path}, got: {error}") from error
    if not count:
        raise ValueError(f"Expected warm-up records in {path}, got an empty file")


def replay(version_dir: Path, signatures: Mapping[str, Callable]) -> Iterator[dict]:
    """Runs each record of a version against the version's signatures.

    Yields:
        For each record its `signature`, `batch` (rows of the answer), `milliseconds`, and `deviation`: the largest
        of `deviations`, 1 where other outputs are answered.
    """
    for record in read_records(version_dir):
        inputs = {name: tf.constant(tf.make_ndarray(proto)) for name, proto in record.request.inputs.items()}
        expected = {name: tf.make_ndarray(proto) for name, proto in record.response.outputs.items()}
        name = record.request.model_spec.signature_name
        start = time.perf_counter()
        with full_float32():
            answer = {key: value.numpy() for key, value in signatures[name](**inputs).items()}
        milliseconds = 1000 * (time.perf_counter() - start)
        yield {
            "signature": name,
            "batch": len(next(iter(expected.values()))),
            "deviation": max(deviations(answer, expected).values()) if answer.keys() == expected.keys() else 1.0,
            "milliseconds": milliseconds,
        }


def deviations(answer: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Largest difference of each output from the Keras model's, relative to the output's range; 1 for another shape.

    A label and a name of a class that differ count by how far the Keras model's probability is from 0.5, since either
    is right at 0.5 itself.
    """
    sure = np.abs(2 * expected["probability"] - 1) if "probability" in expected else 1.0
    return {name: _deviation(name, answer[name], wanted, sure) for name, wanted in expected.items()}


def _deviation(name: str, got: np.ndarray, wanted: np.ndarray, sure: np.ndarray | float) -> float:
    if got.shape != wanted.shape:
        return 1.0
    if name == "png_bytes":
        pairs = zip(_pixels(got), _pixels(wanted), strict=True)
        # A value that rounds to either of two neighbours may differ by one.
        return max(max(int(np.abs(one - other).max()) - 1, 0) / 255 for one, other in pairs)
    if got.dtype != np.float32:
        difference = sure * (got != wanted)
    else:
        difference = np.abs(got - wanted) / (255.0 if name == "images" else 1.0)
    # NaN on either side is a difference.
    return float(np.nan_to_num(difference, nan=1.0).max(initial=0.0))


def _pixels(encoded: np.ndarray) -> list[np.ndarray]:
    return [tf.io.decode_png(image).numpy().astype(np.int32) for image in encoded]


def _main() -> None:
    for line in sys.stdin:
        version_dir = Path(json.loads(line))
        # By a name: the signatures alone do not keep their variables alive.
        model = tf.saved_model.load(str(version_dir))
        for row in replay(version_dir, model.signatures):
            print(json.dumps(row))
        print(json.dumps({"signatures": sorted(model.signatures)}), flush=True)


if __name__ == "__main__":
    _main()
