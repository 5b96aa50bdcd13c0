"""Latency of the exported classifier beside Keras `predict`, a plain `model.export` and onnxruntime, in one run.

    python benchmarks/serving.py --json results/serving.json

Interleaved: every round sends one request to each contender, in another order, so that a change of the machine's speed
affects all contenders alike. Needs the extra `onnx`.

ours            signature `serving_default` of `export_classifier`
plain export    `model.export`, its input scaled and its logit squashed outside: ours does both inside
Keras predict   `model.predict` on the scaled images
onnxruntime     our model.onnx, all cores
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import tensorflow as tf

import nlgan_tf as nl
from lines import writable

BATCHES = (1, 64)
WARMUP = 10


def contenders(folder: Path, classifier: keras.Model) -> tuple[dict[str, Callable], dict[str, int]]:
    """Returns a function of float32 images in [0, 255] for each contender, and the bytes of the two SavedModels."""
    version = nl.export_classifier(classifier, folder, onnx=True)
    classifier.export(str(folder / "plain"), verbose=False)
    ours, plain = (tf.saved_model.load(str(path)) for path in (version, folder / "plain"))
    session = onnxruntime.InferenceSession(str(version / "model.onnx"), providers=["CPUExecutionProvider"])
    serve, call = ours.signatures["serving_default"], plain.signatures["serving_default"]
    (name,) = call.structured_input_signature[1]

    functions = {
        "ours": lambda images: serve(images=tf.constant(images))["probability"].numpy(),
        "plain export": lambda images: sigmoid(call(**{name: tf.constant(scaled(images))}).popitem()[1].numpy()[:, 0]),
        "Keras predict": lambda images: sigmoid(
            classifier.predict(scaled(images), batch_size=len(images), verbose=0)[:, 0]
        ),
        "onnxruntime": lambda images: session.run(["probability"], {"images": images})[0],
    }
    # A signature does not keep its model alive.
    functions["ours"].model, functions["plain export"].model = ours, plain
    sizes = {"ours": saved_model_bytes(version), "plain export": saved_model_bytes(folder / "plain")}
    return functions, sizes


def scaled(images: np.ndarray) -> np.ndarray:
    return images / np.float32(127.5) - np.float32(1)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def saved_model_bytes(folder: Path) -> int:
    """Graph and variables: what a server loads."""
    files = [folder / "saved_model.pb", *(folder / "variables").iterdir()]
    return sum(path.stat().st_size for path in files)


def measure(rounds: int, width: float) -> dict:
    """Median and 99th percentile of the milliseconds of a request, a batch size and contender; bytes on disk."""
    rng, dice = np.random.default_rng(0), random.Random(0)
    classifier = nl.build_classifier((28, 28, 1), width=width)
    with tempfile.TemporaryDirectory() as folder:
        functions, sizes = contenders(Path(folder), classifier)
        latencies = {}
        for batch in BATCHES:
            images = rng.uniform(0, 255, (batch, 28, 28, 1)).astype(np.float32)
            answers = [function(images) for function in functions.values()]
            for answer in answers:
                np.testing.assert_allclose(answer, answers[0], atol=1e-4)
            seconds: dict[str, list[float]] = {name: [] for name in functions}
            for _ in range(WARMUP + rounds):
                for name in dice.sample(list(functions), len(functions)):
                    start = time.perf_counter()
                    functions[name](images)
                    seconds[name].append(time.perf_counter() - start)
            latencies[batch] = {name: spread(values[WARMUP:]) for name, values in seconds.items()}
    return {"latency": latencies, "saved_model_bytes": sizes}


def spread(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {"median_ms": 1000 * statistics.median(seconds), "p99_ms": 1000 * cuts[98]}


def table(result: dict) -> str:
    lines = ["| batch | contender | median, ms | p99, ms | x ours |", "|---|---|---|---|---|"]
    for batch, rows in result["latency"].items():
        ours = rows["ours"]["median_ms"]
        lines += [
            f"| {batch} | {name} | {row['median_ms']:.2f} | {row['p99_ms']:.2f} | {row['median_ms'] / ours:.2f} |"
            for name, row in rows.items()
        ]
    sizes = result["saved_model_bytes"]
    lines.append(f"\nOn disk: {sizes['ours']:,} bytes, {sizes['ours'] / sizes['plain export']:.2f} x the plain export.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=500, help="requests a contender and batch (default: %(default)s)")
    parser.add_argument("--width", type=float, default=1.0, help="of the classifier (default: %(default)s)")
    parser.add_argument("--json", type=writable, help="file for the numbers")
    given = parser.parse_args()
    result = measure(given.rounds, given.width)
    versions = {module.__name__: module.__version__ for module in (tf, keras, onnxruntime, np)}
    result |= {
        "rounds": given.rounds,
        "width": given.width,
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }
    if given.json:
        given.json.write_text(json.dumps({**result, "versions": versions}, indent=1) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
