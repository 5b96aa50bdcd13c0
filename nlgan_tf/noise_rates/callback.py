"""`NLGAN(..., priors="estimate")`: a callback that finds the priors before the first step of `fit`."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import tensorflow as tf
from scipy.special import expit

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.data.noise import ESTIMATE
from nlgan_tf.errors import InputError
from nlgan_tf.figures.histogram import BINS, Panel, histograms
from nlgan_tf.figures.save import save
from nlgan_tf.files import write_text
from nlgan_tf.noise_rates.cross_validation import WarmUp, unique_images
from nlgan_tf.noise_rates.estimate import PriorsEstimate, estimate_priors
from nlgan_tf.training import replicas

PRIORS = "priors.json"


class EstimatePriors(keras.callbacks.Callback):
    """Warms D up on eq. (2), estimates the priors from its outputs, and sets the model's, before `fit` trains.

    It acts on a model whose priors are "estimate", and leaves others alone. The paper warms D up for 15 epochs on
    all images. Differs from the paper: by default fresh copies of D train, each without one fold, and are stopped
    by held-out noisy labels, since small sets are memorised within few steps; then others train on the labels that
    these agree with (docs/noise-rates.md). The model's own D starts adversarial training as it was built.
    `out_of_fold=False` is the paper's way, stopped by held-out noisy labels too: the model's D is warmed up, and goes
    on from there.

    Args:
        images: training images, uint8 or floats in [0, 255], shape (n, h, w, c); repeated ones count once.
        noisy_labels: 0 or 1, shape (n,).
        out_of_fold: score each image by a D that has not seen it.
        folds: of the training images; fewer where a class has fewer images.
        max_steps: of each copy of D, 64 images a step.
        trainings: of D on other folds, whose variance then enters the intervals.
        log_dir: where to write `priors.json` (the estimate, and the histogram of D's outputs on [0, 1]) and the
            histogram as `priors.png`. None: nowhere.
        seed: of folds, order, mixture and resampling.

    Attributes:
        estimate: the `PriorsEstimate`, once made.
        logits: D's logits on the unique images, shape (trainings, n).
        relearned: out of fold, those of D's that learned only the labels that `logits` agree with; else None.

    Raises:
        InputError: for images, labels or a number of trainings that is not accepted.
    """

    def __init__(
        self,
        images: np.ndarray,
        noisy_labels: np.ndarray,
        out_of_fold: bool = True,
        folds: int = 5,
        max_steps: int = 400,
        trainings: int = 1,
        log_dir: str | os.PathLike | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if trainings < 1:
            raise InputError(f"trainings={trainings} is out of range: accepted are 1 and more")
        images = check_images(images)
        self.images, self.labels = unique_images(images, check_labels(noisy_labels, length=len(images)))
        self.out_of_fold, self.folds, self.max_steps, self.trainings = out_of_fold, folds, max_steps, trainings
        self.log_dir, self.seed = log_dir, seed
        self.estimate: PriorsEstimate | None = None
        self.relearned: np.ndarray | None = None

    @classmethod
    def placed_first(cls, callbacks: list | keras.callbacks.Callback | None, x, y=None) -> list:
        """The callbacks of a `fit` on arrays or on a `tf.data` set, one of this kind first if there is none."""
        callbacks = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
        if any(isinstance(callback, cls) for callback in callbacks):
            return callbacks
        images, labels = (x, y) if y is not None else _collected(x)
        return [cls(images, labels), *callbacks]

    def on_train_begin(self, logs: dict | None = None) -> None:
        if self.model.priors != ESTIMATE:
            return
        # Keras 2.15's `fit` is within its strategy's scope, and one replica warms D up.
        self.model.priors = replicas.outside(self.run, self.model.discriminator).priors
        if self.params.get("verbose"):
            print(describe(self.estimate), flush=True)

    def run(self, discriminator: keras.Model) -> PriorsEstimate:
        """Warms up a discriminator or copies of it, and makes the estimate."""
        warm_up = WarmUp(discriminator, self.max_steps)
        seeds = range(self.seed, self.seed + self.trainings)
        if self.out_of_fold:
            folds = min(self.folds, *np.bincount(self.labels))
            self.logits, self.relearned = warm_up.cross_validated(self.images, self.labels, folds, seeds)
            self.estimate = estimate_priors(self.logits, self.seed, noisy_labels=self.labels, relearned=self.relearned)
        else:
            self.logits = np.stack([self._warmed_up(discriminator, warm_up, seed) for seed in seeds])
            self.estimate = estimate_priors(self.logits, self.seed)
        if self.log_dir is not None:
            self._write(Path(self.log_dir))
        return self.estimate

    def _warmed_up(self, discriminator: keras.Model, warm_up: WarmUp, seed: int) -> np.ndarray:
        """The logits of the model's own D after its warm-up."""
        scores, weights = warm_up.in_sample(self.images, self.labels, seed)
        discriminator.set_weights(weights)
        return scores.logits

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        outputs = expit(self.logits.mean(axis=0))
        histogram = np.histogram(outputs, bins=BINS, range=(0, 1))[0].tolist()
        found = {**dataclasses.asdict(self.estimate), "histogram_of_d": histogram}
        write_text(folder / PRIORS, json.dumps(found, indent=2) + "\n")
        title = "out of fold" if self.out_of_fold else "in sample"
        panel = Panel(f"D, {title}", outputs, self.estimate.delta_p, self.estimate.delta_n)
        save(histograms(self.labels, [panel]), folder / "priors.png")


def describe(estimate: PriorsEstimate) -> str:
    """One line: the purities with their intervals, and what that means."""
    parts = [
        f"{name} {value:.3f} [{low:.3f}, {high:.3f}]"
        for name, value, (low, high) in (
            ("pi_p", estimate.priors.pi_p, estimate.interval_pi_p),
            ("pi_n", estimate.priors.pi_n, estimate.interval_pi_n),
        )
    ]
    return f"Estimated {', '.join(parts)}: {estimate.verdict}"


def _collected(dataset) -> tuple[np.ndarray, np.ndarray]:
    """All of one epoch; labels may come as {"noisy": ..., "clean": ...}."""
    if not isinstance(dataset, tf.data.Dataset) or dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        given = "an endless data set" if isinstance(dataset, tf.data.Dataset) else type(dataset).__name__
        raise InputError(
            f'priors="estimate" with {given}: accepted are arrays, a finite tf.data set, or the callback '
            "EstimatePriors(images, noisy_labels)"
        )
    batches = list(dataset.as_numpy_iterator())
    labels = [labels["noisy"] if isinstance(labels, dict) else labels for _, labels, *_ in batches]
    return np.concatenate([images for images, *_ in batches]), np.concatenate(labels).reshape(-1)
