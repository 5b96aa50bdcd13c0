"""MNIST {5;7} against {2;4}, 1,000 images, pi (.6,.65): what a search finds against alpha 5 and beta .5.

    python benchmarks/tuning_mnist.py results/tuning_mnist.jsonl --project tuning/mnist --data-dir DIR
    python benchmarks/tuning_mnist.py results/tuning_mnist.jsonl --table

The first searches alpha and beta by the default objective, with the noisy labels of seed 0 alone, then trains what it
found and the paper's values on all images, seed by seed, and appends one JSON line a run; it can be stopped and started
again. The second prints the table of results/tuning.md.
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
from nlgan_tf.stage_two import train_classifier
from nlgan_tf.tuning.search import SearchConfig, tune

SEEDS = 3
# Reduced, so that a run takes minutes on one core: quarter width, 400 steps of 64 images.
STAGE_ONE = dataclasses.replace(
    RECIPES["modern"].stage_one, width=0.25, epochs=5, batch_size=64, samples_per_epoch=5120
)
STAGE_TWO = dataclasses.replace(RECIPES["modern"].stage_two, width=0.25, epochs=3, samples_per_epoch=5120)


def run_config(seed: int, data_dir: str | None, alpha: float = 5.0, beta: float = 0.5) -> RunConfig:
    """A run at the reduced size."""
    stage_one = dataclasses.replace(STAGE_ONE, alpha=alpha, beta=beta)
    task = {"task": "mnist:5,7-vs-2,4", "size": 1000, "pi_p": 0.6, "pi_n": 0.65}
    return RunConfig(**task, seed=seed, data_dir=data_dir, stage_one=stage_one, stage_two=STAGE_TWO)


def measure(config: RunConfig) -> dict:
    """Test accuracies of one run."""
    start = time.perf_counter()
    keras.backend.clear_session()
    task, stage = prepare_task(config), config.stage_one
    model = nl.build_nlgan(task.image_shape, config.priors, stage, config.seed)
    batches = nl.noisy_dataset(
        task.images, task.noisy_labels, stage.batch_size, stage.samples_per_epoch, seed=config.seed
    )
    model.fit(batches, epochs=stage.epochs, verbose=0)
    drawn = model.hallucinate(config.stage_two.num_images, config.seed)
    classifier = train_classifier(*drawn, config.stage_two, config.seed)
    probability = model.predict(task.test_images, batch_size=500, verbose=0)
    return {
        "alpha": stage.alpha,
        "beta": stage.beta,
        "seed": config.seed,
        "accuracy": accuracy(classifier, task.test_images, task.test_labels),
        "accuracy_d": float(np.mean((probability > 0.5) == (task.test_labels == 1))),
        "seconds": round(time.perf_counter() - start, 1),
    }


def table(rows: list[dict]) -> str:
    """Markdown: both configurations by seed, and their mean difference with its standard error."""
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
    parser.add_argument("--trials", type=int, default=8, help="of the search")
    parser.add_argument("--data-dir", help="where TensorFlow Datasets keeps its data; TFDS_DATA_DIR by default")
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
