"""A RunConfig -> the images and noisy labels of its run."""

from __future__ import annotations

import dataclasses

import numpy as np

from nlgan_tf.config import AUTO, NETWORK_FOR, policy_for
from nlgan_tf.data.noise import ESTIMATE, NoisePriors, corrupt_labels, realised_priors
from nlgan_tf.data.sources import PHOTOGRAPH_SOURCES, check_source, load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.estimate import LEAST_IMAGES
from nlgan_tf.pipeline.config import RunConfig


def prepare_task(config: RunConfig) -> ImageTask:
    """The task of a run with its noisy labels: the source's own, or its true labels corrupted."""
    places = {"data_dir": config.data_dir, "seed": config.seed, "scale": config.scale}
    task = load_task(config.task, **places, **vars(config.reading))
    if config.corrupt and check_source(config.task)[0] in PHOTOGRAPH_SOURCES:
        task = dataclasses.replace(task, labels=task.noisy_labels, noisy_labels=None)
    task = noisy_task(task, config)
    if check_source(config.task)[0] in PHOTOGRAPH_SOURCES and training_priors(config) == ESTIMATE:
        _check_enough(task)
    return task


def noisy_task(task: ImageTask, config: RunConfig) -> ImageTask:
    """A whole task, reduced to the run's size and with its noisy labels."""
    for asked, option in ((config.corrupt_first, "--corrupt-first"), (config.corrupt, "--corrupt")):
        if asked and task.noisy_labels is not None:
            raise InputError(f"Expected {option} with true labels alone, got {config.task} with noisy_labels")
    if not config.corrupt_first:
        task = task.reduced(config.size)
    if task.noisy_labels is None:
        task = _with_noise(task, config)
    return task.reduced(config.size)


def _with_noise(task: ImageTask, config: RunConfig) -> ImageTask:
    """A task of true labels with noisy ones: corrupted, or taken as they are where that is asked for."""
    if config.corrupt is False:
        return dataclasses.replace(task, labels=None, noisy_labels=task.labels)
    if config.priors is None:
        raise InputError(
            f"Expected noisy_labels in {config.task}, or --corrupt to corrupt its true labels (with --pi-p and --pi-n "
            "to these purities), or --no-corrupt to take them for noisy ones; got labels alone"
        )
    if not config.corrupts:
        remark = f"True labels of {config.task} are corrupted; labels with noise of their own have the key noisy_labels"
        task = dataclasses.replace(task, remarks=(*task.remarks, remark))
    return task.with_noisy_labels(corrupt_labels(task.labels, config.priors, config.seed))


def _check_enough(task: ImageTask) -> None:
    """InputError where a class has too few images for an estimate of its purity."""
    counts = np.bincount(task.noisy_labels, minlength=2)
    if counts.min() < LEAST_IMAGES:
        raise InputError(
            f"Expected at least {LEAST_IMAGES} images of each class to estimate how many labels are wrong, got "
            f"{counts.min()} of {task.class_names[counts.argmin()]}: add images, or state --pi-p and --pi-n"
        )


def training_priors(config: RunConfig) -> NoisePriors | str:
    """Priors that stage one is built with: the stated ones, or "estimate"."""
    return ESTIMATE if config.estimate_priors or config.priors is None else config.priors


def describe_priors(config: RunConfig, task: ImageTask) -> str:
    """One line: which purities are used, and where they come from."""
    priors = training_priors(config)
    if priors == ESTIMATE:
        reason = "as asked for" if config.estimate_priors else "as none are stated"
        return f"Purities of the labels: to be estimated from images and labels, {reason}"
    simulated = task.labels is not None and config.corrupts
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
