"""Judges what a run drew: label purity and subclass coverage, by a classifier of the clean data set.

    python benchmarks/judge_run.py RUN --data-dir DIR

The judge learns the whole clean training set of the task's source. It is a measuring instrument: nothing of it
goes back into training.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import nlgan_tf as nl
from nlgan_tf.classification import predict_logits
from nlgan_tf.data.sources import load_classes, parse_classes
from nlgan_tf.evaluation.metrics import purity_and_coverage, train_judge


def judge_run(run_dir: Path, data_dir: str | None) -> dict:
    """The judge's test accuracy; each generator's label purity and the share of each class in its images."""
    config = nl.RunConfig.from_json((run_dir / "config.json").read_text())
    source, pairing = config.task.split(":")
    class_names, train, (test_images, test_classes) = load_classes(source, data_dir)
    judge = train_judge(*train)
    judged = np.argmax(predict_logits(judge, test_images), axis=1)
    drawn = nl.load_task(f"npz:{run_dir / 'clean_dataset.npz'}")
    report = {"judge_accuracy": float(np.mean(judged == test_classes))}
    for label, subclasses in zip((1, 0), parse_classes(pairing, class_names), strict=True):
        purity, coverage = purity_and_coverage(judge, drawn.images[drawn.labels == label], subclasses)
        shares = {class_names[index]: share for index, share in coverage.items()}
        report[drawn.class_names[label]] = {"purity": purity, "coverage": shares}
    return report


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--data-dir", help="where TensorFlow Datasets keeps its data; TFDS_DATA_DIR by default")
    arguments = parser.parse_args()
    print(json.dumps(judge_run(arguments.run_dir, arguments.data_dir), indent=2))
