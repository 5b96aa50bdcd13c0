"""The labels of a task with their quality, from a training of stage one or from a finished run."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.label_scores import AveragePrecision, average_precision
from nlgan_tf.figures.gallery import gallery
from nlgan_tf.noise_rates.callback import describe
from nlgan_tf.noise_rates.label_quality import label_quality, score_table, suggested_labels
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.prepare import describe_priors, describe_task, prepare_task, training_priors
from nlgan_tf.two_stages.head import frozen_features
from nlgan_tf.two_stages.label_scores import JudgedLabels, judge_labels

SUSPECTS = 40


@dataclass(frozen=True)
class ScoredTask:
    """A task and what is known of its labels.

    Attributes:
        task: Images with noisy labels.
        judged: Quality of each label, and the purities.
    """

    task: ImageTask
    judged: JudgedLabels

    @property
    def quality(self) -> np.ndarray:
        """P(the given label is right), float32, shape (n,)."""
        return self.judged.quality

    @property
    def suggested(self) -> np.ndarray:
        """The likelier label of each image, int64, shape (n,)."""
        return suggested_labels(self.quality, self.task.noisy_labels)

    @property
    def table(self) -> np.ndarray:
        """A row for each label, the most doubtful first (`label_quality.score_table`)."""
        return score_table(self.quality, self.task.noisy_labels)

    @property
    def average_precision(self) -> AveragePrecision | None:
        """How well the quality finds wrong labels; None where true labels are not known."""
        if self.task.labels is None:
            return None
        return average_precision(self.quality, self.task.noisy_labels, self.task.labels)

    def names(self) -> tuple[str, list[str]]:
        """Returns what tells the images apart, "file" or "index", and each image's."""
        if self.task.files is None:
            return "index", list(map(str, range(len(self.quality))))
        return "file", list(self.task.files)

    def summary(self) -> list[str]:
        """Returns how many labels are wrong, in words, line by line."""
        n, changed = len(self.quality), int(np.sum(self.suggested != self.task.noisy_labels))
        expected = float(np.sum(1 - self.quality, dtype=float))
        priors, estimate = self.judged.priors, self.judged.estimate
        stated = f"Purities as stated: pi_p {priors.pi_p:g}, pi_n {priors.pi_n:g}"
        return [
            f"About {expected:.0f} of {n} labels are wrong (the sum of 1 - quality); "
            f"{changed} have a quality below .5, and another label is suggested",
            stated if estimate is None else describe(estimate),
        ]

    def gallery(self, most: int = SUSPECTS) -> Figure:
        """Returns a figure of the images with the most doubtful labels, at most `most`."""
        table, names, (column, images) = self.table[:most], self.task.class_names, self.names()
        captions = [
            (
                f"{_short(names[row['given_label']])} → {_short(names[row['suggested_label']])}",
                f"quality {row['quality']:.2f}",
                # The end of a path says more than its start.
                _short(images[row["index"]][::-1], 20)[::-1] if column == "file" else f"index {row['index']}",
            )
            for row in table
        ]
        title = f"The {len(table)} most doubtful labels: given → suggested"
        return gallery(self.task.images[table["index"]], captions, title)


def _short(name: str, longest: int = 10) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def score_task(config: RunConfig, verbose: int = 1) -> ScoredTask:
    """Trains stage one on a task, and scores the task's labels.

    Args:
        config: Task, noise, recipe and seed.
        verbose: Verbosity: 0 prints nothing, 1 a line a phase and an epoch.

    Raises:
        InputError: For input that is not accepted.
        FileNotFoundError: For data or features that do not exist.
        NonFiniteError: If training diverged.
    """
    task = prepare_task(config)
    if verbose:
        print(*task.remarks, describe_task(task), describe_priors(config, task), sep="\n", flush=True)
    known = task.images, task.noisy_labels, training_priors(config)
    features = frozen_features(config.features, config.stage_two, task.image_shape)
    stages = config.stage_one, config.stage_two, config.seed
    return ScoredTask(task, judge_labels(*known, *stages, features=features, verbose=verbose))


def score_run(run_dir: str | os.PathLike, data_dir: str | None = None) -> ScoredTask:
    """Scores the labels of a finished run by the posterior that the run wrote; nothing is trained.

    Args:
        run_dir: Folder of the run.
        data_dir: Folder of TensorFlow Datasets, in place of the run's own.

    Raises:
        InputError: For a folder that holds no finished run, a run without posterior, or data that changed since.
    """
    return scored(FinishedRun(run_dir, data_dir))


def scored(run: FinishedRun) -> ScoredTask:
    """Returns the labels of a finished run with their quality; errors are those of `score_run`."""
    posterior, task = run.posterior, run.task
    if len(posterior) != len(task.images):
        raise InputError(
            f"Expected the {len(posterior)} images of the run {run.run_dir} in {run.config.task}, "
            f"got {len(task.images)}"
        )
    quality = label_quality(posterior, task.noisy_labels)
    return ScoredTask(task, JudgedLabels(quality, run.priors, run.estimate))
