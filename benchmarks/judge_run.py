"""Judges what a run drew, by a classifier of the clean data set.

    python benchmarks/judge_run.py RUN --data-dir DIR

Of each generator: label purity and the share of each subclass; density and coverage (Naeem et al. 2020) of its images
among the real test images of its label, on the judge's last hidden layer, and, as a measure, those of as many real
training images. Of both: whether drawn images are copies of the run's own training images.

The judge learns the whole clean training set of the task's source. It is a measuring instrument: nothing of it
goes back into training.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

import nlgan_tf as nl
from nlgan_tf.data.sources import load_classes, parse_classes
from nlgan_tf.evaluation.metrics import (
    class_accuracy,
    density_and_coverage,
    judge_features,
    memorisation,
    purity_and_coverage,
    train_judge,
)
from nlgan_tf.preparation import prepare_task

# In each group whose distances to another are taken, which costs memory.
LIKENESS_IMAGES = 2000


def judge_run(run_dir: Path, data_dir: str | None) -> dict:
    """The judge's test accuracy, and what it and the distances say of the drawn images; see the top of this file."""
    config = nl.RunConfig.from_json((run_dir / "config.json").read_text())
    task = prepare_task(dataclasses.replace(config, data_dir=data_dir))
    source, pairing = config.task.split(":")
    class_names, train, test = load_classes(source, data_dir)
    judge = train_judge(*train)
    drawn = nl.load_task(f"npz:{run_dir / 'clean_dataset.npz'}")
    report: dict = {"judge_accuracy": class_accuracy(judge, *test)}
    rng = np.random.default_rng(0)
    for label, subclasses in zip((1, 0), parse_classes(pairing, class_names), strict=True):
        images = drawn.images[drawn.labels == label]
        purity, coverage = purity_and_coverage(judge, images, subclasses)
        real, other_real = (few(rng, split[0][np.isin(split[1], subclasses)]) for split in (test, train))
        real_features, drawn_features, other_features = (
            judge_features(judge, group) for group in (real, few(rng, images), other_real)
        )
        report[drawn.class_names[label]] = {
            "purity": purity,
            "coverage": {class_names[index]: share for index, share in coverage.items()},
            "density_and_coverage": density_and_coverage(real_features, drawn_features),
            "density_and_coverage_of_real": density_and_coverage(real_features, other_features),
        }
    copies = memorisation(task.images, few(rng, drawn.images), few(rng, task.test_images))
    return {**report, "memorisation": dataclasses.asdict(copies)}


def few(rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    """At most LIKENESS_IMAGES of them, drawn at random."""
    return images[rng.choice(len(images), min(len(images), LIKENESS_IMAGES), replace=False)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--data-dir", help="where TensorFlow Datasets keeps its data; TFDS_DATA_DIR by default")
    arguments = parser.parse_args()
    print(json.dumps(judge_run(arguments.run_dir, arguments.data_dir), indent=2))
