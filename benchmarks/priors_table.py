"""Error of the estimated purities over tasks, noise levels, sizes and seeds: ours beside the others.

    python benchmarks/priors_table.py results/priors.jsonl --data-dir DIR
    python benchmarks/priors_table.py results/priors.jsonl --table

The first appends one JSON line for each estimate that the file does not hold yet, so it can be stopped and started
again; the second prints the tables that results/priors.md holds.
"""

from __future__ import annotations

import argparse
import functools
import json
import time
from pathlib import Path

import numpy as np

import nlgan_tf as nl
from nlgan_tf.data.noise import realised_priors
from nlgan_tf.noise_rates import TITLES, measure_noise

# Reading a whole data set takes longer than an estimate.
load_task = functools.cache(nl.load_task)
TASKS = ("mnist:5,7-vs-2,4", "cifar10:automobile-vs-airplane")
LEVELS = ((0.85, 0.85), (0.7, 0.85), (0.6, 0.65))
SEEDS = {1000: 3, 100: 10}


def combinations() -> list[dict]:
    """Every estimate, first seeds first, so that a file that is not finished covers all cells."""
    return [
        {"task": task, "size": size, "pi": list(pi), "seed": seed}
        for seed in range(max(SEEDS.values()))
        for size in SEEDS
        for task in TASKS
        for pi in LEVELS
        if seed < SEEDS[size]
    ]


def measure(case: dict, data_dir: str | None) -> dict:
    """One line of the file: the truth, and by method the estimate and its intervals."""
    start = time.perf_counter()
    task = load_task(case["task"], case["size"], data_dir)
    noisy = nl.corrupt_labels(task.labels, nl.NoisePriors(*case["pi"]), case["seed"])
    report = measure_noise(task.images, noisy, seed=case["seed"])
    wrong = (report.out_of_fold.mean(axis=0) < 0) != (task.labels == 1)
    methods = {
        name: {
            "pi": [estimate.priors.pi_p, estimate.priors.pi_n],
            "intervals": [estimate.interval_pi_p, estimate.interval_pi_n],
            "separable": estimate.separable,
        }
        for name, estimate in report.estimates.items()
    }
    return {
        **case,
        "realised": realised_priors(task.labels, noisy),
        "steps": report.steps,
        "d_accuracy": 1 - float(wrong.mean()),
        "seconds": round(time.perf_counter() - start, 1),
        "methods": methods,
    }


def summary(rows: list[dict], method: str) -> dict[str, float]:
    """Over rows and both purities: mean absolute error, bias, spread of the error, coverage and width."""
    error = np.array([np.subtract(row["methods"][method]["pi"], row["realised"]) for row in rows])
    intervals = np.array([row["methods"][method]["intervals"] for row in rows])
    truth = np.array([row["realised"] for row in rows])
    covered = (intervals[..., 0] - 1e-9 <= truth) & (truth <= intervals[..., 1] + 1e-9)
    return {
        "error": float(np.abs(error).mean()),
        "bias": float(error.mean()),
        "spread": float(error.std(axis=0, ddof=1).mean()) if len(rows) > 1 else 0.0,
        "coverage": float(covered.mean()),
        "width": float(np.ptp(intervals, axis=-1).mean()),
        "default": float(np.mean([not row["methods"][method]["separable"] for row in rows])),
    }


def tables(rows: list[dict]) -> str:
    """Markdown: the mean absolute errors of all methods, then all of ours and the others cell by cell."""
    lines = ["| task, size, pi | seeds | D | " + " | ".join(TITLES.values()) + " |", "|---" * (3 + len(TITLES)) + "|"]
    detail = [
        "| task, size, pi | method | error | bias | spread | coverage | width | default taken |",
        "|---|---|---|---|---|---|---|---|",
    ]
    best = 0
    cells = list(dict.fromkeys((row["task"], row["size"], tuple(row["pi"])) for row in rows))
    for cell in sorted(cells, key=lambda cell: (TASKS.index(cell[0]), -cell[1], LEVELS.index(cell[2]))):
        members = [row for row in rows if (row["task"], row["size"], tuple(row["pi"])) == cell]
        summaries = {name: summary(members, name) for name in TITLES}
        lowest = min(values["error"] for values in summaries.values())
        best += summaries["combined"]["error"] <= lowest + 0.01
        title = f"{cell[0]}, {cell[1]}, {cell[2][0]:g}/{cell[2][1]:g}"
        accuracy = np.mean([row["d_accuracy"] for row in members])
        errors = " | ".join(f"{values['error']:.3f}" for values in summaries.values())
        lines.append(f"| {title} | {len(members)} | {accuracy:.3f} | {errors} |")
        detail += [
            f"| {title} | {TITLES[name]} | " + " | ".join(f"{value:.3f}" for value in values.values()) + " |"
            for name, values in summaries.items()
        ]
    note = f"The default's error is the lowest or within .01 of it in {best} of {len(cells)} cells."
    return "\n".join([*lines, "", note, "", *detail])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data-dir", help="where TensorFlow Datasets keeps its data; TFDS_DATA_DIR by default")
    parser.add_argument("--table", action="store_true", help="print the tables of what is there")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.file.read_text().splitlines()] if arguments.file.exists() else []
    if arguments.table:
        print(tables(rows))
        return
    done = [{name: row[name] for name in ("task", "size", "pi", "seed")} for row in rows]
    for case in combinations():
        if case not in done:
            row = measure(case, arguments.data_dir)
            with arguments.file.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(*case.values(), row["seconds"], flush=True)


if __name__ == "__main__":
    main()
