"""A RunConfig -> the images and noisy labels of its run."""

from __future__ import annotations

import numpy as np

from nlgan_tf.data.noise import corrupt_labels, realised_priors
from nlgan_tf.data.sources import load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.pipeline.config import RunConfig


def prepare_task(config: RunConfig) -> ImageTask:
    """The task of a run with its noisy labels: the source's own, or its true labels corrupted."""
    return noisy_task(load_task(config.task, data_dir=config.data_dir, seed=config.seed), config)


def noisy_task(task: ImageTask, config: RunConfig) -> ImageTask:
    """A whole task, reduced to the run's size and with its noisy labels."""
    if not config.corrupt_first:
        task = task.reduced(config.size)
    if task.noisy_labels is None:
        task = task.with_noisy_labels(corrupt_labels(task.labels, config.priors, config.seed))
    return task.reduced(config.size)


def describe_task(task: ImageTask) -> str:
    """One line: its images, its labels, and how many of them are wrong where that is known."""
    positives = int(task.noisy_labels.sum())
    line = (
        f"{len(task.images)} images of {'x'.join(map(str, task.image_shape))}; "
        f"labels: {positives} {task.class_names[1]}, {len(task.images) - positives} {task.class_names[0]}"
    )
    if task.labels is None:
        return line
    wrong = int(np.sum(task.labels != task.noisy_labels))
    pi_p, pi_n = realised_priors(task.labels, task.noisy_labels)
    return f"{line}, {wrong} of them wrong (pi_p {pi_p:.3f}, pi_n {pi_n:.3f} realised)"
