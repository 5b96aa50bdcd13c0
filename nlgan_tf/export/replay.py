"""Runs a SavedModel's warm-up records and compares the answers with those they carry.

It imports TensorFlow and TF Serving's messages alone, so that it can also run by itself, in a process that knows
neither Keras nor this package:

    python replay.py VERSION_DIRECTORY

prints one JSON object a record, then one with the names of all signatures.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

RECORDS = Path("assets.extra", "tf_serving_warmup_requests")


def read_records(version_dir: Path) -> Iterator[prediction_log_pb2.PredictLog]:
    """The requests that TF Serving replays on load, each with the Keras model's own answer.

    Raises:
        ValueError: for a file that holds none, or is damaged.
    """
    path, count = version_dir / RECORDS, 0
    try:
        for serialized in tf.data.TFRecordDataset(str(path)):
            yield prediction_log_pb2.PredictionLog.FromString(serialized.numpy()).predict_log
            count += 1
    except (tf.errors.OpError, ValueError) as error:
        raise ValueError(f"the warm-up records {path} cannot be read: {error}") from error
    if not count:
        raise ValueError(f"the warm-up records {path} are empty")


def replay(version_dir: Path, signatures: Mapping[str, Callable]) -> Iterator[dict]:
    """Runs each record of a version against its signatures.

    Yields:
        A record's `signature`, `batch` (rows of the answer), `milliseconds`, and `deviation`: the largest difference
        from the Keras model, floats and decoded PNG relative to their range, 1 where anything else differs.
    """
    for record in read_records(version_dir):
        inputs = {name: tf.constant(tf.make_ndarray(proto)) for name, proto in record.request.inputs.items()}
        expected = {name: tf.make_ndarray(proto) for name, proto in record.response.outputs.items()}
        name = record.request.model_spec.signature_name
        start = time.perf_counter()
        answer = {key: value.numpy() for key, value in signatures[name](**inputs).items()}
        milliseconds = 1000 * (time.perf_counter() - start)
        yield {
            "signature": name,
            "batch": len(next(iter(expected.values()))),
            "deviation": _deviation(answer, expected),
            "milliseconds": milliseconds,
        }


def _deviation(answer: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    if answer.keys() != expected.keys():
        return 1.0
    return max(_distance(name, answer[name], expected[name]) for name in expected)


def _distance(name: str, got: np.ndarray, wanted: np.ndarray) -> float:
    if got.shape != wanted.shape:
        return 1.0
    if name == "png_bytes":
        pairs = zip(_pixels(got), _pixels(wanted), strict=True)
        # A value that rounds to either of two neighbours may differ by one.
        return float(any(np.abs(one - other).max() > 1 for one, other in pairs))
    if got.dtype != np.float32:
        return float(not np.array_equal(got, wanted))
    full_scale = 255.0 if name == "images" else 1.0
    # NaN on either side is a difference.
    return float(np.nan_to_num(np.abs(got - wanted) / full_scale, nan=1.0).max(initial=0.0))


def _pixels(encoded: np.ndarray) -> list[np.ndarray]:
    return [tf.io.decode_png(image).numpy().astype(np.int32) for image in encoded]


def _main() -> None:
    version_dir = Path(sys.argv[1])
    # Held by a name: the signatures alone do not keep their variables alive.
    model = tf.saved_model.load(str(version_dir))
    for row in replay(version_dir, model.signatures):
        print(json.dumps(row))
    print(json.dumps({"signatures": sorted(model.signatures)}))


if __name__ == "__main__":
    _main()
