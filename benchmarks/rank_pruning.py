"""Differences of our Rank Pruning from the paper's column: repeated images in the folds, and the last fit's weights.

    python benchmarks/rank_pruning.py results/rank_pruning.jsonl --data-dir DIR
    python benchmarks/rank_pruning.py results/rank_pruning.jsonl --table

The first appends one JSON line for each cell and seed that the file does not have, so it can be stopped and
started again. Accuracies: "described", as table 1 has it; "equal", with the same images kept but both classes weighing
equally in the last fit; "repeated", with the set repeated to 10,000 images before the folds, as the paper upsamples, so
that a fold's training images include copies of its test images (logistic regression at size 1000 alone: the CNN would
take hours).
"""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import compute_sample_weight

from lines import fill, lines_parser, read_lines
from nlgan_tf.data.sources import load_task
from nlgan_tf.evaluation.baselines import build_baseline
from nlgan_tf.pipeline.prepare import noisy_task
from nlgan_tf.reproduce.grid import CLEAN, PRIORS, TASKS, Combination, Options, run_config
from nlgan_tf.reproduce.paper import paper_value

MNIST, CIFAR10 = TASKS
REPEATED = 10_000
# Sizes at which "repeated" is measured, with logistic regression.
REPEATED_SIZES = (1000,)
CNN, LOGISTIC = "rank-pruning", "rank-pruning-logistic"
# Cells that lie more than 3 points from the paper's, and the others of size 100; seeds of each.
CELLS = {
    (MNIST, 1000, 0.6, 0.65, LOGISTIC): 3,
    (CIFAR10, 1000, 0.7, 0.85, LOGISTIC): 3,
    (CIFAR10, 1000, 0.6, 0.65, LOGISTIC): 3,
    **{(task, 100, *pi, LOGISTIC): 20 for task in TASKS for pi in PRIORS if pi != CLEAN},
    (MNIST, 100, 0.6, 0.65, CNN): 2,
    (CIFAR10, 100, 0.85, 0.85, CNN): 2,
    (CIFAR10, 100, 0.6, 0.65, CNN): 2,
}


def measure(combination: Combination, data_dir: str | None) -> dict[str, float]:
    """Returns accuracies on the test images, by variant."""
    config = run_config(combination, Options(data_dir))
    task = noisy_task(load_task(combination.task, data_dir=data_dir), config)
    images, test_images = task.images, task.test_images
    baseline = build_baseline(combination.method, config.priors, config.stage_two, config.seed)
    if isinstance(baseline, Pipeline):
        features, baseline = (step for _, step in baseline.steps)
        images, test_images = features.transform(images), features.transform(test_images)

    def accuracy(fitted) -> float:
        return float(np.mean(fitted.predict(test_images) == task.test_labels))

    pruned = clone(baseline).fit(images, task.noisy_labels)
    kept_images, kept_labels = images[pruned.kept_], task.noisy_labels[pruned.kept_]
    balanced = compute_sample_weight("balanced", kept_labels)
    found = {
        "described": accuracy(pruned),
        "equal": accuracy(clone(baseline.estimator).fit(kept_images, kept_labels, sample_weight=balanced)),
    }
    if combination.method == LOGISTIC and combination.size in REPEATED_SIZES:
        copies = np.resize(np.arange(len(images)), REPEATED)
        found["repeated"] = accuracy(clone(baseline).fit(images[copies], task.noisy_labels[copies]))
    return found


def table(rows: list[dict]) -> str:
    """Returns Markdown: means over seeds, a line for each cell."""
    lines = ["| task, size, pi | around | seeds | described | equal | repeated | the paper |", "|---" * 7 + "|"]
    for *cell, method in CELLS:
        members = [row for row in rows if row["cell"] == cell and row["method"] == method]
        if not members:
            continue
        means = [
            f"{np.mean([row[name] for row in members]):.3f}" if name in members[0] else ""
            for name in ("described", "equal", "repeated")
        ]
        name, size, *priors = cell
        paper = paper_value(name, size, tuple(priors), CNN)
        around = "CNN" if method == CNN else "logistic regression"
        lines.append(
            f"| {name}, {size}, ({priors[0]:g}, {priors[1]:g}) | {around} | {len(members)} "
            f"| {' | '.join(means)} | {paper:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = lines_parser(__doc__)
    parser.add_argument("--data-dir", help="folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(read_lines(arguments.file)))
        return

    def line(*case) -> dict:
        *cell, method, seed = case
        found = measure(Combination(*cell, method, "paper", seed), arguments.data_dir)
        return {"cell": cell, "method": method, "seed": seed, **found}

    cases = [(*cell, seed) for cell, seeds in CELLS.items() for seed in range(seeds)]
    fill(arguments.file, cases, lambda row: (*row["cell"], row["method"], row["seed"]), line)


if __name__ == "__main__":
    main()
