"""A RunConfig -> the images and noisy labels of its run."""

from __future__ import annotations

import numpy as np

from nlgan_tf.config import AUTO, NETWORK_FOR, policy_for
from nlgan_tf.data.noise import ESTIMATE, NoisePriors, corrupt_labels, realised_priors
from nlgan_tf.data.sources import CLASS_SOURCES, check_source, load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.config import RunConfig


def prepare_task(config: RunConfig) -> ImageTask:
    """The task of a run with its noisy labels: the source's own, or its true labels corrupted."""
    return noisy_task(load_task(config.task, data_dir=config.data_dir, seed=config.seed, scale=config.scale), config)


def noisy_task(task: ImageTask, config: RunConfig) -> ImageTask:
    """A whole task, reduced to the run's size and with its noisy labels."""
    if config.corrupt_first and task.noisy_labels is not None:
        raise InputError(f"Expected --corrupt-first with true labels alone, got {config.task} with noisy_labels")
    if not config.corrupt_first:
        task = task.reduced(config.size)
    if task.noisy_labels is None:
        if config.priors is None:
            raise InputError(
                f"Expected noisy_labels in {config.task}, or --pi-p and --pi-n to corrupt its true labels; "
                "got labels alone"
            )
        task = task.with_noisy_labels(corrupt_labels(task.labels, config.priors, config.seed))
    return task.reduced(config.size)


def training_priors(config: RunConfig) -> NoisePriors | str:
    """Priors that stage one is built with: the stated ones, or "estimate"."""
    return ESTIMATE if config.estimate_priors or config.priors is None else config.priors


def describe_priors(config: RunConfig, task: ImageTask) -> str:
    """One line: which purities are used, and where they come from."""
    priors = training_priors(config)
    if priors == ESTIMATE:
        reason = "as asked for" if config.estimate_priors else "as none are stated"
        return f"Purities of the labels: to be estimated from images and labels, {reason}"
    simulated = task.labels is not None and check_source(config.task)[0] in CLASS_SOURCES
    origin = "to which true labels were corrupted" if simulated else "as stated"
    return f"Purities of the labels: pi_p {priors.pi_p:g}, pi_n {priors.pi_n:g}, {origin}"


def describe_choices(config: RunConfig, image_shape: tuple[int, int, int]) -> str | None:
    """One line: what the settings "auto" mean for images of shape (h, w, c); None where no setting is "auto"."""
    policy = policy_for(image_shape)
    one, two = config.stage_one, config.stage_two
    choices = []
    if AUTO in (one.augment, two.augment):
        choices.append(f"augmentation {policy}")
    if two.network == AUTO:
        choices.append(f"classifier {NETWORK_FOR[policy]}")
    if not choices:
        return None
    kind = "grey" if image_shape[-1] == 1 else "colour"
    return f"For {kind} images: {', '.join(choices)}"


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
