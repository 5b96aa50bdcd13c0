"""Average precision of finding wrong labels: the posterior of a recipe beside cleanlab's scores.

    python benchmarks/label_scores.py results/label_scores.jsonl --data-dir DIR
    python benchmarks/label_scores.py results/label_scores.jsonl --tasks mnist:5,7-vs-2,4 --sizes 100 --seeds 0 1
    python benchmarks/label_scores.py results/label_scores.jsonl --tasks cifar10:automobile-vs-airplane --features FILE
    python benchmarks/label_scores.py results/label_scores.jsonl --table

All but the last append one JSON line for each task, size, seed and method that the file does not have, so each can be
stopped and started again; processes that share the work write files of their own. "modern" knows the purities,
"modern, estimated" estimates them; all others see the labels alone. cleanlab's probabilities are cross-validated, by
classifiers whose settings are found on the noisy labels, on pixels of grey images and HOG of colour images. With
`--features` both also see the vectors of a frozen Keras model, in methods of their own.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time

import numpy as np
from threadpoolctl import threadpool_limits

from lines import fill, lines_parser, read_lines
from nlgan_tf.compat.keras import keras
from nlgan_tf.data.features import features
from nlgan_tf.data.noise import ESTIMATE
from nlgan_tf.data.sources import load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.evaluation.baselines.label_quality import (
    CLASSIFIERS,
    SETTINGS,
    cleanlab_quality,
    noisy_log_likelihood,
    out_of_fold_probabilities,
)
from nlgan_tf.evaluation.label_scores import average_precision
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.prepare import noisy_task
from nlgan_tf.reproduce.grid import SIZES, TASKS
from nlgan_tf.reproduce.measure import commit, versions
from nlgan_tf.two_stages.head import frozen_features
from nlgan_tf.two_stages.label_scores import judge_labels

PI = (0.7, 0.85)
SEEDS = 5
RECIPE, ESTIMATED = "modern", "modern, estimated"
# What is added to the name of a method that sees frozen features.
ON_FEATURES = " on frozen features"
CLEANLAB = tuple(f"cleanlab {name}, {setting}" for name, setting in itertools.product(CLASSIFIERS, SETTINGS))
METHODS = (RECIPE, ESTIMATED, *CLEANLAB)
METHODS_ON_FEATURES = tuple(method + ON_FEATURES for method in METHODS)
# Their vectors serve all methods of a task.
frozen = functools.lru_cache(maxsize=2)(frozen_features)


def measure(
    task: str,
    size: int,
    pi: tuple[float, float],
    seed: int,
    method: str,
    data_dir: str | None,
    features: str | None = None,
) -> dict:
    """Returns the record of one task, size, seed and method."""
    start = time.perf_counter()
    config = RunConfig(task=task, size=size, pi_p=pi[0], pi_n=pi[1], seed=seed, data_dir=data_dir)
    if method.endswith(ON_FEATURES):
        config = dataclasses.replace(config, features=features)
    noisy, kind = noisy_set(config), method.removesuffix(ON_FEATURES)
    quality, found = _recipe(noisy, config, kind) if kind in (RECIPE, ESTIMATED) else _cleanlab(config, kind)
    precision = average_precision(quality, noisy.noisy_labels, noisy.labels)
    return {
        "task": task,
        "size": size,
        "pi": list(pi),
        "seed": seed,
        "method": method,
        "average_precision": precision.overall,
        "positives": precision.positives,
        "negatives": precision.negatives,
        "wrong": int(np.sum(noisy.labels != noisy.noisy_labels)),
        **found,
        "seconds": round(time.perf_counter() - start, 1),
        "versions": versions(),
        "commit": commit(),
    }


def _recipe(task: ImageTask, config: RunConfig, method: str) -> tuple[np.ndarray, dict]:
    keras.backend.clear_session()
    priors = ESTIMATE if method == ESTIMATED else config.priors
    known = task.images, task.noisy_labels, priors, config.stage_one, config.stage_two, config.seed
    judged = judge_labels(*known, features=frozen(config.features, config.stage_two, task.image_shape))
    return judged.quality, {
        "expected_wrong": float(np.sum(1 - judged.quality, dtype=float)),
        "priors": dataclasses.asdict(judged.priors),
    }


def _cleanlab(config: RunConfig, method: str) -> tuple[np.ndarray, dict]:
    name, setting = method.removeprefix("cleanlab ").split(", ", maxsplit=1)
    labels, probabilities = noisy_set(config).noisy_labels, probabilities_of(config, name)
    found = {"log_likelihood": noisy_log_likelihood(probabilities, labels)}
    return cleanlab_quality(probabilities, labels, setting), found


@functools.lru_cache(maxsize=len(CLASSIFIERS))
def probabilities_of(config: RunConfig, name: str) -> np.ndarray:
    """Returns out-of-fold probabilities, which all of cleanlab's settings share."""
    task = noisy_set(config)
    vectors = (frozen(config.features, config.stage_two, task.image_shape) or features)(task.images)
    # On matrices as small as these, threads would wait for each other.
    with threadpool_limits(1):
        return out_of_fold_probabilities(vectors, task.noisy_labels, name, config.seed)


def noisy_set(config: RunConfig) -> ImageTask:
    """Returns the images of a cell with their noisy labels."""
    return noisy_task(whole_task(config.task, config.data_dir), config)


@functools.lru_cache(maxsize=4)
def whole_task(spec: str, data_dir: str | None) -> ImageTask:
    """Reads a task once."""
    return load_task(spec, data_dir=data_dir)


def table(rows: list[dict]) -> str:
    """Returns Markdown: mean and standard deviation over seeds, a line for each method and a column for each cell."""
    cells = list(dict.fromkeys((row["task"], row["size"], *row["pi"]) for row in rows))
    heads = [f"{task} {size} ({pi_p:g}, {pi_n:g})" for task, size, pi_p, pi_n in cells]
    lines = [f"| method | {' | '.join(heads)} |", "|---" * (len(cells) + 1) + "|"]
    for method in dict.fromkeys(row["method"] for row in rows):
        shown = [_mean(rows, method, cell) for cell in cells]
        lines.append(f"| {method} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _mean(rows: list[dict], method: str, cell: tuple) -> str:
    """Mean, deviation and number of seeds; then of the two classes the means."""
    members = [row for row in rows if (row["task"], row["size"], *row["pi"], row["method"]) == (*cell, method)]
    if not members:
        return ""
    values = [row["average_precision"] for row in members]
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    by_class = ", ".join(f"{np.mean([row[name] for row in members]):.3f}" for name in ("positives", "negatives"))
    return f"{np.mean(values):.3f}{spread} ({by_class}; n = {len(values)})"


def main() -> None:
    parser = lines_parser(__doc__)
    parser.add_argument("--data-dir", help="folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), help="tasks, by default those of table 1")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), help="numbers of training images")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(SEEDS)), help="seeds")
    parser.add_argument("--features", help="frozen Keras model of images in [0, 255], a .keras file")
    known = METHODS + METHODS_ON_FEATURES
    parser.add_argument("--methods", nargs="+", choices=known, help="methods; by default all", metavar="NAME")
    parser.add_argument("--pi", nargs=2, type=float, default=list(PI), help="purities", metavar=("PI_P", "PI_N"))
    arguments = parser.parse_args()
    if arguments.table:
        print(table(read_lines(arguments.file)))
        return
    methods = arguments.methods or (known if arguments.features else METHODS)
    if not arguments.features and any(method.endswith(ON_FEATURES) for method in methods):
        parser.error("Expected --features for methods on frozen features, got none")
    pi = tuple(arguments.pi)
    cells = itertools.product(arguments.tasks, arguments.sizes, arguments.seeds, methods)
    cases = [(task, size, pi, seed, method) for task, size, seed, method in cells]
    fill(
        arguments.file,
        cases,
        lambda row: (row["task"], row["size"], tuple(row["pi"]), row["seed"], row["method"]),
        functools.partial(measure, data_dir=arguments.data_dir, features=arguments.features),
    )


if __name__ == "__main__":
    main()
