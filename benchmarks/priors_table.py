"""Error of the estimated purities over tasks, noise levels, sizes and seeds: ours beside the others.

    python benchmarks/priors_table.py results/priors.jsonl --data-dir DIR --scores FOLDER
    python benchmarks/priors_table.py results/priors.jsonl --table

The first appends one JSON line for each case that the file does not have, so it can be stopped and started again; the
second prints the tables of results/priors.md. D's outputs stay in FOLDER, so that a changed estimator needs no new
training. With --development both use other classes, on which estimators are chosen.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import nlgan_tf as nl
from lines import append_line, lines_parser, read_lines
from nlgan_tf.data.noise import realised_priors
from nlgan_tf.files import whole_file
from nlgan_tf.noise_rates.registry import METHODS
from nlgan_tf.noise_rates.report import compare_estimators, measure_noise

# Reading a whole data set takes longer than an estimate.
load_task = functools.cache(nl.load_task)
TITLES = {name: method.title for name, method in METHODS.items()}
LEVELS = ((0.85, 0.85), (0.7, 0.85), (0.6, 0.65))


@dataclass(frozen=True)
class Cases:
    """Tasks, and the number of seeds at each size."""

    tasks: tuple[str, ...]
    seeds: dict[int, int]

    def all(self) -> list[dict]:
        """Returns every case, first seeds first, so that an unfinished file covers all cells."""
        return [
            {"task": task, "size": size, "pi": list(pi), "seed": seed}
            for seed in range(max(self.seeds.values()))
            for size in self.seeds
            for task in self.tasks
            for pi in LEVELS
            if seed < self.seeds[size]
        ]


REPORTED = Cases(("mnist:5,7-vs-2,4", "cifar10:automobile-vs-airplane"), {1000: 3, 100: 10})
DEVELOPMENT = Cases(
    ("mnist:0,3-vs-1,8", "cifar10:ship-vs-truck", "mnist:6,9-vs-0,3", "cifar10:dog-vs-horse"), {1000: 1, 100: 3}
)


# D's outputs, as `compare_estimators` takes them.
SCORES = ("out_of_fold", "relearned", "in_sample")


def scored(case: dict, images: np.ndarray, noisy: np.ndarray, folder: Path) -> dict[str, np.ndarray]:
    """Returns D's outputs by the names of `SCORES`, out of FOLDER or of a training."""
    name = "-".join(map(str, (case["task"].replace(":", "-"), case["size"], *case["pi"], case["seed"])))
    path = folder / f"{name}.npz"
    scores = kept_scores(path)
    if scores is None:
        report = measure_noise(images, noisy, seed=case["seed"])
        scores = {name: getattr(report, name) for name in SCORES}
        with whole_file(path) as temporary:
            np.savez(temporary, **scores)
    return scores


def kept_scores(path: Path) -> dict[str, np.ndarray] | None:
    """Returns the scores that an earlier call has written, None where one is missing."""
    if not path.exists():
        return None
    with np.load(path) as scores:
        return dict(scores) if set(SCORES) == set(scores) else None


def measure(case: dict, data_dir: str | None, folder: Path) -> dict:
    """Returns one line of the file: the truth, and by method the estimate and its intervals."""
    start = time.perf_counter()
    task = load_task(case["task"], case["size"], data_dir)
    noisy = nl.corrupt_labels(task.labels, nl.NoisePriors(*case["pi"]), case["seed"])
    scores = scored(case, task.images, noisy, folder)
    wrong = (scores["out_of_fold"].mean(axis=0) < 0) != (task.labels == 1)
    methods = {
        name: {
            "pi": [estimate.priors.pi_p, estimate.priors.pi_n],
            "intervals": [estimate.interval_pi_p, estimate.interval_pi_n],
            "separable": estimate.separable,
        }
        for name, estimate in compare_estimators(**scores, noisy_labels=noisy, seed=case["seed"]).items()
    }
    return {
        **case,
        "realised": realised_priors(task.labels, noisy),
        "d_accuracy": 1 - float(wrong.mean()),
        "seconds": round(time.perf_counter() - start, 1),
        "methods": methods,
    }


def summary(rows: list[dict], method: str) -> dict[str, float]:
    """Returns mean absolute error, bias, spread of the error, coverage and width, over rows and both purities."""
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
    """Returns Markdown: the mean absolute errors of all methods, then every measure of every method, cell by cell."""
    lines = ["| task, size, pi | seeds | D | " + " | ".join(TITLES.values()) + " |", "|---" * (3 + len(TITLES)) + "|"]
    detail = [
        "| task, size, pi | method | error | bias | spread | coverage | width | fell back on .75 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    best = 0
    cells = list(dict.fromkeys((row["task"], row["size"], tuple(row["pi"])) for row in rows))
    tasks = [*REPORTED.tasks, *DEVELOPMENT.tasks]
    for cell in sorted(cells, key=lambda cell: (tasks.index(cell[0]), -cell[1], LEVELS.index(cell[2]))):
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
    parser = lines_parser(__doc__)
    parser.add_argument("--data-dir", help="folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
    parser.add_argument("--scores", type=Path, default=Path("runs/scores"), help="folder of D's outputs")
    parser.add_argument("--development", action="store_true", help="other classes, to choose estimators on")
    arguments = parser.parse_args()
    rows = read_lines(arguments.file)
    if arguments.table:
        print(tables(rows))
        return
    done = [{name: row[name] for name in ("task", "size", "pi", "seed")} for row in rows]
    arguments.scores.mkdir(parents=True, exist_ok=True)
    for case in (DEVELOPMENT if arguments.development else REPORTED).all():
        if case not in done:
            row = measure(case, arguments.data_dir, arguments.scores)
            append_line(arguments.file, row)
            print(*case.values(), row["seconds"], flush=True)


if __name__ == "__main__":
    main()
