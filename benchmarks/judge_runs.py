"""Judges the drawn images of runs by a classifier of the clean data set.

    python benchmarks/judge_runs.py results/judged_runs.jsonl RUN... --data-dir DIR
    python benchmarks/judge_runs.py results/judged_runs.jsonl --table

The first appends one JSON line for each run folder whose name the file does not have. For each generator: label purity,
beside that of the real test images of the same label, and the share of each subclass; density and coverage (Naeem et
al. 2020) of drawn images among those real ones, on the judge's last hidden layer, beside those of as many real training
images. For both: whether drawn images are copies of the run's own training images.

The judge learns the whole clean training set of the task's source. The judge is a measuring instrument: nothing of the
judge goes back into training.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np

from lines import fill, lines_parser, read_lines
from nlgan_tf.data.sources import CLASS_SOURCES, check_source, load_classes
from nlgan_tf.data.sources.classes import parse_classes
from nlgan_tf.evaluation.metrics import (
    class_accuracy,
    density_and_coverage,
    judge_features,
    memorisation,
    purity_and_coverage,
    train_judge,
)
from nlgan_tf.pipeline.finished import FinishedRun

# Images of each group whose distances to another are taken, which costs memory.
LIKENESS_IMAGES = 2000


@cache
def classes_and_judge(source: str, data_dir: str | None) -> tuple:
    """Returns class names, training and test images of all classes, the judge and its accuracy, once for all runs."""
    class_names, train, test = load_classes(source, data_dir)
    judge = train_judge(*train)
    return class_names, train, test, judge, class_accuracy(judge, *test)


def judge_run(run_dir: Path, data_dir: str | None) -> dict:
    """Returns the judge's test accuracy and all measurements of the drawn images; see the top of this file."""
    run = FinishedRun(run_dir, data_dir)
    source, pairing = check_source(run.config.task)
    if source not in CLASS_SOURCES:
        raise SystemExit(f"Expected runs on {', '.join(CLASS_SOURCES)}; got {run_dir} on {run.config.task}")
    task, drawn = run.task, run.drawn
    class_names, train, test, judge, judge_accuracy = classes_and_judge(source, run.config.data_dir)
    rng = np.random.default_rng(0)
    generators = {}
    for label, subclasses in zip((1, 0), parse_classes(pairing, class_names), strict=True):
        images = drawn.images[drawn.labels == label]
        purity, coverage = purity_and_coverage(judge, images, subclasses)
        real, other_real = (split[0][np.isin(split[1], subclasses)] for split in (test, train))
        real_features, drawn_features, other_features = (
            judge_features(judge, few(rng, group)) for group in (real, images, other_real)
        )
        generators[("G_N", "G_P")[label]] = {
            "purity": purity,
            "purity_of_real": purity_and_coverage(judge, real, subclasses)[0],
            "shares": {class_names[index]: share for index, share in coverage.items()},
            "density_and_coverage": density_and_coverage(real_features, drawn_features),
            "density_and_coverage_of_real": density_and_coverage(real_features, other_features),
        }
    copies = memorisation(task.images, few(rng, drawn.images), few(rng, task.test_images))
    return {
        "run": run_dir.name,
        "judge_accuracy": judge_accuracy,
        **generators,
        "memorisation": dataclasses.asdict(copies),
    }


def few(rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    """Returns at most LIKENESS_IMAGES of the images, chosen at random."""
    return images[rng.choice(len(images), min(len(images), LIKENESS_IMAGES), replace=False)]


def table(rows: list[dict]) -> str:
    """Returns Markdown: a line for each generator; the values of real images in brackets."""
    lines = ["| run | | purity | share of each class | density | coverage | near copies |", "|---" * 7 + "|"]
    for row in rows:
        run, copies = row["run"], f"{row['memorisation']['closer']:.2f}"
        for name in ("G_P", "G_N"):
            judged = row[name]
            shares = ", ".join(f"{subclass}: {share:.2f}" for subclass, share in judged["shares"].items())
            (density, coverage), (of_real, covered_by_real) = (
                judged[key] for key in ("density_and_coverage", "density_and_coverage_of_real")
            )
            lines.append(
                f"| {run} | {name} | {judged['purity']:.3f} [{judged['purity_of_real']:.3f}] | {shares} "
                f"| {density:.2f} [{of_real:.2f}] | {coverage:.2f} [{covered_by_real:.2f}] | {copies} |"
            )
            run, copies = "", ""  # Printed once a run.
    return "\n".join(lines)


def main() -> None:
    parser = lines_parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="*", help="folders of finished runs")
    parser.add_argument("--data-dir", help="folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(read_lines(arguments.file)))
        return
    folders = {run_dir.name: run_dir for run_dir in arguments.runs}
    if len(folders) < len(arguments.runs):
        parser.error("Expected folders of different names, got two of one name")
    fill(
        arguments.file,
        [(name,) for name in folders],
        lambda row: (row["run"],),
        lambda name: judge_run(folders[name], arguments.data_dir),
    )


if __name__ == "__main__":
    main()
