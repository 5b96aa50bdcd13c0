"""Shows that neither the time nor the memory of a training step grows with the data set.

    python benchmarks/data_size.py --json results/data_size.json

Time: one model takes a step on batches of a small set, then one on batches of a large set, and so on; medians of both.
Memory: two processes, one for each set; each makes its images, trains and reports its peak.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

import nlgan_tf as nl
from lines import writable

SHAPE = (28, 28, 1)
SIZES = (100, 60_000)
WARMUP = 5


def dataset(size: int) -> tf.data.Dataset:
    images = np.random.default_rng(0).integers(0, 256, (size, *SHAPE), dtype=np.uint8)
    return nl.noisy_dataset(images, np.arange(size) % 2)


def step_seconds(rounds: int) -> dict[int, float]:
    """Returns median seconds of a step, the input pipeline included, by size of the set."""
    model = nl.build_nlgan(SHAPE, nl.NoisePriors(0.7, 0.85))
    step = tf.function(model.train_step)
    batches = {size: iter(dataset(size).repeat()) for size in SIZES}
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(WARMUP + rounds):
        for size in SIZES:
            start = time.perf_counter()
            float(step(next(batches[size]))["loss"])
            seconds[size].append(time.perf_counter() - start)
    return {size: statistics.median(values[WARMUP:]) for size, values in seconds.items()}


def peak_bytes(size: int) -> int:
    """Returns the peak memory of a process that trains for an epoch on so many images."""
    command = [sys.executable, __file__, "--train", str(size)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def train(size: int) -> None:
    model = nl.build_nlgan(SHAPE, nl.NoisePriors(0.7, 0.85))
    model.fit(dataset(size), epochs=1, verbose=0)
    # Not getrusage, which includes the parent's memory at the fork. Linux counts in KiB.
    status = Path("/proc/self/status").read_text()
    print(1024 * int(re.search(r"VmHWM:\s+(\d+)", status).group(1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60, help="counted steps on each set (default: 60)")
    parser.add_argument("--json", type=writable, help="file to write")
    parser.add_argument("--train", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train)
        return
    small, large = SIZES
    seconds, peaks = step_seconds(arguments.rounds), {size: peak_bytes(size) for size in SIZES}
    report = {
        "images": SIZES,
        "step_seconds": [seconds[size] for size in SIZES],
        "step_ratio": seconds[large] / seconds[small],
        "peak_mb": [peaks[size] / 1e6 for size in SIZES],
        "images_mb": [size * int(np.prod(SHAPE)) / 1e6 for size in SIZES],
        "growth_mb": (peaks[large] - peaks[small]) / 1e6,
    }
    print(json.dumps(report, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
