"""How many labels are wrong: every estimator side by side on the outputs of one small D."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.data.noise import realised_priors
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.figures.histogram import Panel, histograms
from nlgan_tf.figures.save import save
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.noise_rates.cross_validation import WarmUp, unique_images
from nlgan_tf.noise_rates.estimate import PriorsEstimate, estimate_priors
from nlgan_tf.noise_rates.methods import METHODS

# What each row of the comparison is; "paper" is the mixture's means on in-sample outputs.
TITLES = {
    "combined": "combined (the default)",
    "mixture": "mixture, corrected",
    "paper": "mixture's means (paper)",
    "rank_pruning": "Rank Pruning",
    "confident_joint": "confident joint (cleanlab)",
    "anchors": "anchors (percentiles)",
}


@dataclass(frozen=True)
class NoiseReport:
    """What D's outputs say about the labels.

    Attributes:
        estimates: by the names of `TITLES`.
        out_of_fold: D's logits on images that it has not seen, shape (trainings, n).
        relearned: likewise by D's that have learned only the labels that `out_of_fold` agrees with.
        in_sample: D's logits on images four fifths of which it has learned, shape (trainings, n).
        noisy_labels: of the n images.
    """

    estimates: dict[str, PriorsEstimate]
    out_of_fold: np.ndarray
    relearned: np.ndarray
    in_sample: np.ndarray
    noisy_labels: np.ndarray


def measure_noise(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    folds: int = 5,
    max_steps: int = 400,
    trainings: int = 1,
    width: float = 0.25,
    seed: int = 0,
) -> NoiseReport:
    """Trains small discriminators on the noisy labels, and estimates the purities by every method.

    Args:
        images: uint8 or floats in [0, 255], shape (n, h, w, c); repeated ones count once.
        noisy_labels: 0 or 1, shape (n,).
        folds: of the out-of-fold scores.
        max_steps: of each D; it stops earlier once held-out noisy labels say that it memorises.
        trainings: on other folds, whose variance then enters the intervals.
        width: factor on the layers of D.
        seed: of weights, folds, order and resampling.

    Raises:
        InputError: for images, labels or settings that are not accepted.
    """
    if trainings < 1 or max_steps < 1:
        raise InputError(f"trainings={trainings}, max_steps={max_steps} are out of range: accepted are 1 and more")
    images = check_images(images)
    images, noisy_labels = unique_images(images, check_labels(noisy_labels, length=len(images)))
    discriminator = build_discriminator(images.shape[1:], "exact", width=width, spectral_layers="all", seed=seed)
    warm_up = WarmUp(discriminator, max_steps)
    seeds = range(seed, seed + trainings)
    out_of_fold, relearned = warm_up.cross_validated(images, noisy_labels, folds, seeds)
    in_sample = np.stack([warm_up.in_sample(images, noisy_labels, training)[0].logits for training in seeds])
    scores = {"out_of_fold": out_of_fold, "relearned": relearned, "in_sample": in_sample, "noisy_labels": noisy_labels}
    return NoiseReport(compare_estimators(**scores, seed=seed), **scores)


def compare_estimators(
    out_of_fold: np.ndarray, relearned: np.ndarray, in_sample: np.ndarray, noisy_labels: np.ndarray, seed: int = 0
) -> dict[str, PriorsEstimate]:
    """Every estimate, by the names of `TITLES`; arguments as the attributes of `NoiseReport`."""
    with warnings.catch_warnings():
        # The verdict of each says the same.
        warnings.simplefilter("ignore", UserWarning)
        estimates = {
            name: estimate_priors(out_of_fold, seed, noisy_labels=noisy_labels, relearned=relearned, method=name)
            for name in METHODS
        }
        estimates["paper"] = estimate_priors(in_sample, seed)
    return {name: estimates[name] for name in TITLES}


def rows(report: NoiseReport, task: ImageTask) -> list[tuple[str, ...]]:
    """Each method's title, pi_p, its interval, pi_n, its interval; then the truth, where the task knows it."""
    table = []
    for name, estimate in report.estimates.items():
        if estimate.separable:
            cells = (
                *_cells(estimate.priors.pi_p, estimate.interval_pi_p),
                *_cells(estimate.priors.pi_n, estimate.interval_pi_n),
            )
        else:
            cells = ("cannot tell", "", "cannot tell", "")
        table.append((TITLES[name], *cells))
    if task.labels is not None:
        pi_p, pi_n = realised_priors(task.labels, task.noisy_labels)
        table.append(("the truth", f"{pi_p:.3f}", "", f"{pi_n:.3f}", ""))
    return table


def _cells(value: float, interval: tuple[float, float]) -> tuple[str, str]:
    return f"{value:.3f}", "{:.3f} to {:.3f}".format(*interval)


def write_figure(report: NoiseReport, path: str | os.PathLike) -> None:
    """Writes D's outputs as a PNG: out of fold with the default's deltas, and in sample as the paper's figure 1."""
    shown = (
        ("out of fold, deltas of the default", report.out_of_fold, report.estimates["combined"]),
        ("in sample, deltas of the paper's mixture", report.in_sample, report.estimates["paper"]),
    )
    panels = [
        Panel(title, expit(logits.mean(axis=0)), estimate.delta_p, estimate.delta_n)
        for title, logits, estimate in shown
    ]
    save(histograms(report.noisy_labels, panels), path)
