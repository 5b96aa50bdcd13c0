"""How many labels are wrong: every estimator side by side on the outputs of one small D."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit

from nlgan_tf.compat.gradients import freed_graphs
from nlgan_tf.data.checks import check_labels, check_seed, check_training_images
from nlgan_tf.data.noise import realised_priors
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.figures.histogram import Panel, histograms
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.noise_rates.cross_validation import WarmUp
from nlgan_tf.noise_rates.entries import entries_of
from nlgan_tf.noise_rates.estimate import LEAST_IMAGES, PriorsEstimate, estimate_priors
from nlgan_tf.noise_rates.registry import DEFAULT, METHODS


@dataclass(frozen=True)
class NoiseReport:
    """What D's outputs say about the labels.

    Attributes:
        estimates: Estimates by the names of `registry.METHODS`.
        out_of_fold: D's logits on images that D has not seen, shape (trainings, n).
        relearned: Logits of a D that has learned only labels that `out_of_fold` agrees with, same shape.
        in_sample: D's logits on images four fifths of which D has learned, same shape.
        noisy_labels: Labels, 0 or 1, shape (n,).
        images: Ids of the images, shape (n,); the labels of several annotators share an image's id.
    """

    estimates: dict[str, PriorsEstimate]
    out_of_fold: np.ndarray
    relearned: np.ndarray
    in_sample: np.ndarray
    noisy_labels: np.ndarray
    images: np.ndarray


@freed_graphs()
def measure_noise(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    folds: int = 5,
    max_steps: int = 400,
    trainings: int = 1,
    width: float = 0.25,
    seed: int = 0,
) -> NoiseReport:
    """Trains small discriminators on the noisy labels, and returns the purities by every method.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c). Repeated ones count once; an image with the
            labels of several annotators comes once for each label.
        noisy_labels: Labels, 0 or 1, shape (n,).
        folds: Number of folds of the out-of-fold scores.
        max_steps: Most steps of each D; held-out noisy labels stop D earlier, once D memorises.
        trainings: Number of trainings on other folds; their variance enters the intervals.
        width: Factor on the size of D's layers.
        seed: Seed of weights, folds, order and resampling.

    Raises:
        InputError: For images, labels or settings that are not accepted, or fewer than 6 images of a label.
    """
    for name, value in (("trainings", trainings), ("max_steps", max_steps)):
        if value < 1:
            raise InputError(f"Expected {name} to be at least 1, got {value}")
    check_seed(seed)
    images = check_training_images(images)
    counted, entries = entries_of(images, check_labels(noisy_labels, length=len(images)))
    if entries.fewest_images < LEAST_IMAGES:
        raise InputError(f"Expected at least {LEAST_IMAGES} images of either label, got {entries.fewest_images}")
    images, noisy_labels = images[counted], entries.labels
    discriminator = build_discriminator(images.shape[1:], "exact", width=width, spectral_layers="all", seed=seed)
    warm_up = WarmUp(discriminator, max_steps)
    seeds = range(seed, seed + trainings)
    out_of_fold, relearned = warm_up.cross_validated(images, noisy_labels, folds, seeds)
    in_sample = np.stack([warm_up.in_sample(images, noisy_labels, training)[0].logits for training in seeds])
    known = {"relearned": relearned, "noisy_labels": noisy_labels, "images": entries.images}
    estimates = compare_estimators(out_of_fold, in_sample=in_sample, **known, seed=seed)
    return NoiseReport(estimates, out_of_fold, in_sample=in_sample, **known)


def compare_estimators(
    out_of_fold: np.ndarray,
    relearned: np.ndarray,
    in_sample: np.ndarray,
    noisy_labels: np.ndarray,
    images: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, PriorsEstimate]:
    """Returns every estimate by the names of `registry.METHODS`; arguments as the attributes of `NoiseReport`.

    A method without use for the labels reads the in-sample logits, as the paper does.
    """
    known = {"noisy_labels": noisy_labels, "relearned": relearned, "images": images}
    with warnings.catch_warnings():
        # The verdict of each says the same.
        warnings.simplefilter("ignore", UserWarning)
        return {
            name: estimate_priors(in_sample, seed, method=name)
            if method.labels == "unused"
            else estimate_priors(out_of_fold, seed, **known, method=name)
            for name, method in METHODS.items()
        }


def rows(report: NoiseReport, task: ImageTask) -> list[tuple[str, ...]]:
    """Returns a row a method: title, pi_p, its interval, pi_n, its interval; then the truth, where the task has it."""
    table = []
    for name, estimate in report.estimates.items():
        if estimate.separable:
            cells = (
                *_cells(estimate.priors.pi_p, estimate.interval_pi_p),
                *_cells(estimate.priors.pi_n, estimate.interval_pi_n),
            )
        else:
            cells = ("cannot tell", "", "cannot tell", "")
        table.append((METHODS[name].title, *cells))
    if task.labels is not None:
        pi_p, pi_n = realised_priors(task.labels, task.noisy_labels)
        table.append(("the truth", f"{pi_p:.3f}", "", f"{pi_n:.3f}", ""))
    return table


def _cells(value: float, interval: tuple[float, float]) -> tuple[str, str]:
    return f"{value:.3f}", "{:.3f} to {:.3f}".format(*interval)


def figure(report: NoiseReport) -> Figure:
    """Returns a figure of D's outputs: out of fold with the default's deltas, and in sample as the paper's figure 1."""
    shown = (
        ("out of fold, deltas of the default", report.out_of_fold, report.estimates[DEFAULT]),
        ("in sample, deltas of the paper's mixture", report.in_sample, report.estimates["paper"]),
    )
    panels = [
        Panel(title, expit(logits.mean(axis=0)), estimate.delta_p, estimate.delta_n)
        for title, logits, estimate in shown
    ]
    return histograms(report.noisy_labels, panels)
