"""MNIST {5;7} against {2;4}, 1,000 images, pi (.6,.65): the result of a search against alpha 5 and beta .5.

    python benchmarks/tuning_mnist.py results/tuning_mnist.jsonl --project tuning/mnist --data-dir DIR
    python benchmarks/tuning_mnist.py results/tuning_mnist.jsonl --table

The first searches alpha and beta by the default objective, with the noisy labels of seed 0 alone, then trains with the
best values and with the paper's on all images, seed by seed, and appends one JSON line a training, so it can be stopped
and started again. The second prints the table of results/tuning.md.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np

import nlgan_tf as nl
from lines import fill, lines_parser, read_lines
from nlgan_tf.compat.keras import keras
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.prepare import prepare_task
from nlgan_tf.recipes import RECIPES
from nlgan_tf.tuning.config import SearchConfig
from nlgan_tf.tuning.search import tune

SEEDS = 3
# Reduced, so that a run takes minutes on one core: quarter width, 400 steps of 64 images.
STAGE_ONE = dataclasses.replace(
    RECIPES["modern"].stage_one, width=0.25, epochs=5, batch_size=64, samples_per_epoch=5120
)
STAGE_TWO = dataclasses.replace(RECIPES["modern"].stage_two, width=0.25, epochs=3, samples_per_epoch=5120)


def run_config(seed: int, data_dir: str | None, alpha: float = 5.0, beta: float = 0.5) -> RunConfig:
    """Returns the configuration of a run at the reduced size."""
    stage_one = dataclasses.replace(STAGE_ONE, alpha=alpha, beta=beta)
    task = {"task": "mnist:5,7-vs-2,4", "size": 1000, "pi_p": 0.6, "pi_n": 0.65}
    return RunConfig(**task, seed=seed, data_dir=data_dir, stage_one=stage_one, stage_two=STAGE_TWO)


def measure(config: RunConfig) -> dict:
    """Returns the test accuracies of one training of both stages."""
    start = time.perf_counter()
    keras.backend.clear_session()
    task = prepare_task(config)
    stages = {"stage_one": config.stage_one, "stage_two": config.stage_two}
    trained = nl.train_two_stages(task.images, task.noisy_labels, config.priors, seed=config.seed, **stages)
    probability = trained.model.predict(task.test_images, batch_size=500, verbose=0)
    return {
        "alpha": config.stage_one.alpha,
        "beta": config.stage_one.beta,
        "seed": config.seed,
        "accuracy": accuracy(trained.classifier, task.test_images, task.test_labels),
        "accuracy_d": float(np.mean((probability > 0.5) == (task.test_labels == 1))),
        "seconds": round(time.perf_counter() - start, 1),
    }


def table(rows: list[dict]) -> str:
    """Returns Markdown: both configurations by seed, and their mean difference with its standard error."""
    lines = ["| alpha, beta | " + " | ".join(f"seed {seed}" for seed in range(SEEDS)) + " | mean |", "|---" * 5 + "|"]
    found = {(row["alpha"], row["beta"]): [] for row in rows}
    for row in sorted(rows, key=lambda row: row["seed"]):
        found[row["alpha"], row["beta"]].append(row["accuracy"])
    for (alpha, beta), accuracies in found.items():
        numbers = " | ".join(f"{value:.3f}" for value in (*accuracies, np.mean(accuracies)))
        lines.append(f"| {alpha:.3g}, {beta:.3g} | {numbers} |")
    tuned, paper = (np.array(accuracies) for accuracies in found.values())
    difference = tuned - paper
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    return "\n".join([*lines, "", f"Difference {difference.mean():+.3f} ± {error:.3f} (standard error)."])


def main() -> None:
    parser = lines_parser(__doc__)
    parser.add_argument("--project", default="tuning/mnist", help="folder of the search")
    parser.add_argument("--trials", type=int, default=8, help="trials of the search")
    parser.add_argument("--data-dir", help="folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(read_lines(arguments.file)))
        return
    search = SearchConfig(run_config(0, arguments.data_dir), project=arguments.project, trials=arguments.trials)
    best = tune(search).trials[0].values
    weights = (best["alpha"], best["beta"]), (5.0, 0.5)

    def line(alpha: float, beta: float, seed: int) -> dict:
        return measure(run_config(seed, arguments.data_dir, alpha=alpha, beta=beta))

    cases = [(*pair, seed) for seed in range(SEEDS) for pair in weights]
    fill(arguments.file, cases, lambda row: (row["alpha"], row["beta"], row["seed"]), line)


if __name__ == "__main__":
    main()
