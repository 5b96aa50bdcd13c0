"""Times a training step of NLGAN beside plain Keras, PyTorch and the machine's limit, all in one run.

    python benchmarks/step_time.py --json results/step_time.json

Networks: those of the paper for MNIST and CIFAR-10, and those of the default run on the bundled digits; the step of
these is timed as in PyTorch, without augmentation and averages of weights, and once with both.
Interleaved: after each of our steps every contender runs one, so that a change of the machine's speed affects all
contenders alike. Medians over rounds, after warm-up.

ours            `NLGAN.fit` as it runs, input pipeline, metrics and callbacks included
plain Keras     four calls of D, fresh noise and a second generator pass for D's step, Keras's own layers and Adam
ours, bfloat16  the same with products in bfloat16, as `--precision bfloat16`
PyTorch         eager in both layouts, and torch.compile: same networks, batch, order of updates; fused Adam; each also
                under autocast to bfloat16
limit by layer  each product of our step timed alone, in its shape and type, by the fastest of oneDNN's kernels, plus
                Adam's bytes at the measured memory bandwidth; also in bfloat16, and once more with convolutions by
                kernels of convolutions alone: a product of matrices leaves out the copies of im2col
limit, squares  FLOPs of our step at the best measured rate of square float32 matrices, plus Adam's bytes

A second table has the largest operations of our step: their time within the step, by TensorFlow's profiler, and their
share of their own limit.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import time
from collections.abc import Callable

# Before TensorFlow: in the other order PyTorch 2.14 ends in a segmentation fault.
import torch._dynamo  # isort: skip

import keras
import numpy as np
import tensorflow as tf
import torch

import nlgan_tf as nl
from contenders.keras_plain import plain_keras_step
from contenders.limit import layer_limit, square_limit
from contenders.operations import operation_seconds
from contenders.torch_networks import check_equal
from contenders.torch_step import torch_steps
from lines import writable
from nlgan_tf.recipes import RECIPES

PAPER, MODERN = (RECIPES[name].stage_one for name in ("paper", "modern"))
# Image shape and configuration. Augmentation and averages of weights, which no other contender has, are timed apart.
NETWORKS = {
    "mnist": ((28, 28, 1), PAPER),
    "cifar10": ((32, 32, 3), PAPER),
    "digits": ((16, 16, 1), dataclasses.replace(MODERN, augment=None, ema=0.0)),
}
PRIORS = nl.NoisePriors(0.7, 0.85)
BATCH = 128
WARMUP = 4
PROFILED_STEPS = 10
LARGEST = 5
# Our contender in each type.
OURS = {"float32": "ours", "bfloat16": "ours, bfloat16"}
LAYER_LIMITS = {dtype: f"limit by layer, {dtype}" for dtype in OURS}


class Interleave(keras.callbacks.Callback):
    """Times each step of `fit` from within, and runs one step of every contender after it."""

    def __init__(self, contenders: dict[str, Callable[[], None]]) -> None:
        super().__init__()
        self.contenders = contenders
        self.seconds: dict[str, list[float]] = {name: [] for name in ("ours", *contenders)}

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        # A step is over when its losses are computed.
        float(logs["loss"])
        self.seconds["ours"].append(time.perf_counter() - self.start)
        for name, step in self.contenders.items():
            start = time.perf_counter()
            step()
            self.seconds[name].append(time.perf_counter() - start)


def batches(shape: tuple[int, int, int], steps: int) -> tf.data.Dataset:
    """Returns an epoch of so many batches of noise."""
    images = np.random.default_rng(0).integers(0, 256, (1000, *shape), dtype=np.uint8)
    return nl.noisy_dataset(images, np.arange(1000) % 2, BATCH, samples_per_epoch=BATCH * steps)


def keras_step(model: nl.NLGAN) -> Callable[[], None]:
    """Returns a step as `fit` runs it, input pipeline and metrics included."""
    model.make_train_function()
    iterator = iter(batches(model.discriminator.input_shape[1:], 100).repeat())
    return lambda: float(model.train_function(iterator)["loss"])


def limits(model: nl.NLGAN) -> dict[str, dict]:
    """Returns the limits of a step by name."""
    by_layer = {name: layer_limit(model, BATCH, dtype) for dtype, name in LAYER_LIMITS.items()}
    return {**by_layer, "limit, squares": square_limit(model, BATCH)}


def measure(network: str, rounds: int, ours_alone: bool = False) -> dict:
    """Returns median seconds of a step of each contender, the limits, and our largest operations by type."""
    shape, config = NETWORKS[network]
    model = nl.build_nlgan(shape, PRIORS, config)
    contenders = {"ours, bfloat16": keras_step(nl.build_nlgan(shape, PRIORS, config, precision="bfloat16"))}
    if network == "digits":
        contenders["ours, augmentation and averages too"] = keras_step(nl.build_nlgan(shape, PRIORS, MODERN))
    found = {}
    if not ours_alone:
        found["equal_weights"] = check_equal(model)
        contenders["plain Keras"] = plain_keras_step(nl.build_nlgan(shape, PRIORS, config), BATCH)
        contenders |= torch_steps(model, BATCH)
    dataset = batches(shape, WARMUP + rounds)
    interleave = Interleave(contenders)
    before = limits(model)
    model.fit(dataset, epochs=1, verbose=0, callbacks=[interleave])
    after = limits(model)
    medians = {name: statistics.median(values[WARMUP:]) for name, values in interleave.seconds.items()}
    least = {name: min(before[name], after[name], key=lambda limit: limit["seconds"]) for name in before}
    operations = {dtype: largest_operations(network, dtype, least[LAYER_LIMITS[dtype]]["products"]) for dtype in OURS}
    return {"seconds": medians, "limits": least, "operations": operations, **found}


def largest_operations(network: str, dtype: str, products: list[dict]) -> list[dict]:
    """Returns the products that take most of our step, the largest first: seconds, FLOP/s and share of the limit.

    Args:
        network: Name in `NETWORKS`.
        dtype: Type of the products, "float32" or "bfloat16".
        products: Rows of `layer_limit`.
    """
    shape, config = NETWORKS[network]
    model = nl.build_nlgan(shape, PRIORS, config, precision=dtype)
    seconds = operation_seconds(model, next(iter(batches(shape, 1))), PROFILED_STEPS)
    rows = []
    for product in products:
        its_seconds = seconds.get((product["layer"], product["part"]))
        if its_seconds:
            rates = {"flops_per_second": product["flops"] / its_seconds, "share": product["seconds"] / its_seconds}
            rows.append({"layer": product["layer"], "part": product["part"], "seconds": its_seconds, **rates})
    return sorted(rows, key=lambda row: -row["seconds"])[:LARGEST]


def table(network: str, result: dict) -> str:
    """Returns Markdown: milliseconds and the ratio to ours."""
    ours = result["seconds"]["ours"]
    rows = {**result["seconds"], **{name: limit["seconds"] for name, limit in result["limits"].items()}}
    rows |= {f"{name}, whole kernels": result["limits"][name]["whole_seconds"] for name in LAYER_LIMITS.values()}
    lines = [f"| {network} | ms a step | x ours |", "|---|---|---|"]
    return "\n".join(lines + [f"| {name} | {1000 * value:.0f} | {value / ours:.2f} |" for name, value in rows.items()])


def operations_table(network: str, dtype: str, rows: list[dict]) -> str:
    """Returns Markdown: milliseconds, GFLOP/s and share of the limit of the largest operations."""
    lines = [f"| {network}, {dtype} | ms a step | GFLOP/s | of its limit |", "|---|---|---|---|"]
    for row in rows:
        figures = f"{1000 * row['seconds']:.1f} | {row['flops_per_second'] / 1e9:.0f} | {row['share']:.0%}"
        lines.append(f"| {row['layer']}, {row['part']} | {figures} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=20, help="counted steps of each contender (default: 20)")
    parser.add_argument("--ours-alone", action="store_true", help="time our step and the limits, no other contender")
    parser.add_argument("--json", type=writable, help="file to write")
    arguments = parser.parse_args()
    networks = {}
    for name in arguments.networks:
        networks[name] = measure(name, arguments.rounds, arguments.ours_alone)
        print(table(name, networks[name]), end="\n\n", flush=True)
        for dtype, rows in networks[name]["operations"].items():
            print(operations_table(name, dtype, rows), end="\n\n", flush=True)
    report = {
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__, "torch": torch.__version__},
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "networks": networks,
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
