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
from nlgan_tf.data.checks import check_labels, check_seed, check_training_images
from nlgan_tf.data.noise import ESTIMATE
from nlgan_tf.errors import InputError
from nlgan_tf.figures.histogram import BINS, Panel, histograms
from nlgan_tf.figures.save import save_if_possible
from nlgan_tf.files import write_text
from nlgan_tf.noise_rates.cross_validation import WarmUp
from nlgan_tf.noise_rates.entries import entries_of
from nlgan_tf.noise_rates.estimate import LEAST_IMAGES, PriorsEstimate, cannot_tell, estimate_priors
from nlgan_tf.training import replicas

PRIORS = "priors.json"


class EstimatePriors(keras.callbacks.Callback):
    """Warms D up on eq. (2), estimates the priors from D's outputs, and sets the model's, before `fit` trains.

    A model with known priors is left alone. The paper warms D up for 15 epochs on all images. Differs from the paper:
    by default fresh copies of D train, each without one fold, and are stopped by held-out noisy labels, since small
    sets are memorised within few steps; then others train on the labels that these agree with (docs/noise-rates.md).
    The model's own D starts adversarial training as it was built. `out_of_fold=False` is the paper's way, stopped by
    held-out noisy labels too: the model's D is warmed up, and continues from there.

    Args:
        images: Training images, uint8 or floats in [0, 255], shape (n, h, w, c). Repeated ones count once; an image
            with the labels of several annotators comes once for each label (`entries.entries_of`).
        noisy_labels: Labels, 0 or 1, shape (n,).
        out_of_fold: Whether each image is scored by a D that has not seen it.
        folds: Number of folds; fewer where a label has fewer images.
        max_steps: Most steps of each copy of D, 64 images a step.
        trainings: Number of trainings of D on other folds; their variance enters the intervals.
        log_dir: Folder of `priors.json` (the estimate, and the histogram of D's outputs on [0, 1]) and of the
            histogram as `priors.png`. None: nothing is written.
        seed: Seed of folds, order, mixture and resampling.

    Attributes:
        estimate: The `PriorsEstimate`, or None before.
        images, labels: Images and labels that count, shapes (n, h, w, c) and (n,).
        logits: D's logits on these images, shape (trainings, n); None where a label has too few images for any.
        relearned: Out of fold, the logits of copies of D that learned only labels that `logits` agree with; else None.

    Raises:
        InputError: For images, labels or a number of trainings that is not accepted.
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
            raise InputError(f"Expected trainings to be at least 1, got {trainings}")
        check_seed(seed)
        images = check_training_images(images)
        counted, self._entries = entries_of(images, check_labels(noisy_labels, length=len(images)))
        self.images, self.labels = images[counted], self._entries.labels
        self.out_of_fold, self.folds, self.max_steps, self.trainings = out_of_fold, folds, max_steps, trainings
        self.log_dir, self.seed = log_dir, seed
        self.estimate: PriorsEstimate | None = None
        self.logits: np.ndarray | None = None
        self.relearned: np.ndarray | None = None

    @classmethod
    def placed_first(cls, callbacks: list | keras.callbacks.Callback | None, x, y=None) -> list:
        """Returns the callbacks of a `fit` on arrays or on a `tf.data` set, led by one of this kind if none is one."""
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
        """Warms up a discriminator or copies of it, and returns the estimate."""
        fewest = self._entries.fewest_images
        if fewest < LEAST_IMAGES:
            self.estimate = cannot_tell(f"the rarer label has {fewest} images, where {LEAST_IMAGES} are needed")
        else:
            self.estimate = self._estimated(discriminator)
        if self.log_dir is not None:
            self._write(Path(self.log_dir))
        return self.estimate

    def _estimated(self, discriminator: keras.Model) -> PriorsEstimate:
        warm_up = WarmUp(discriminator, self.max_steps)
        seeds = range(self.seed, self.seed + self.trainings)
        if not self.out_of_fold:
            self.logits = np.stack([self._warmed_up(discriminator, warm_up, seed) for seed in seeds])
            return estimate_priors(self.logits, self.seed)
        folds = min(self.folds, self._entries.fewest_images)
        self.logits, self.relearned = warm_up.cross_validated(self.images, self.labels, folds, seeds)
        known = {"noisy_labels": self.labels, "relearned": self.relearned, "images": self._entries.images}
        return estimate_priors(self.logits, self.seed, **known)

    def _warmed_up(self, discriminator: keras.Model, warm_up: WarmUp, seed: int) -> np.ndarray:
        """The logits of the model's own D after its warm-up."""
        scores, weights = warm_up.in_sample(self.images, self.labels, seed)
        discriminator.set_weights(weights)
        return scores.logits

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        outputs = np.empty(0) if self.logits is None else expit(self.logits.mean(axis=0))
        histogram = np.histogram(outputs, bins=BINS, range=(0, 1))[0].tolist()
        found = {**dataclasses.asdict(self.estimate), "histogram_of_d": histogram}
        write_text(folder / PRIORS, json.dumps(found, indent=2) + "\n")
        if self.logits is not None:
            title = "out of fold" if self.out_of_fold else "in sample"
            panel = Panel(f"D, {title}", outputs, self.estimate.delta_p, self.estimate.delta_n)
            save_if_possible(folder / "priors.png", histograms, self.labels, [panel])


def describe(estimate: PriorsEstimate) -> str:
    """Returns one line: the purities with their intervals and the verdict, or the verdict alone where none is told."""
    if not estimate.separable:
        pi = estimate.priors.pi_p
        return f"The purities cannot be told, and pi_p = pi_n = {pi} is taken: {estimate.verdict}"
    parts = [
        f"{name} {value:.3f} [{low:.3f}, {high:.3f}]"
        for name, value, (low, high) in (
            ("pi_p", estimate.priors.pi_p, estimate.interval_pi_p),
            ("pi_n", estimate.priors.pi_n, estimate.interval_pi_n),
        )
    ]
    return f"Estimated {', '.join(parts)} (95% intervals): {estimate.verdict}"


def _collected(dataset) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one epoch; labels may come as {"noisy": ..., "clean": ...}."""
    if not isinstance(dataset, tf.data.Dataset) or dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        given = "an endless data set" if isinstance(dataset, tf.data.Dataset) else type(dataset).__name__
        raise InputError(
            f'Expected arrays or a finite tf.data set for priors="estimate", got {given}: '
            "the callback EstimatePriors(images, noisy_labels) estimates from arrays"
        )
    spec = dataset.element_spec
    images = spec[0] if isinstance(spec, tuple) and len(spec) > 1 else None
    if not isinstance(images, tf.TensorSpec) or images.shape.rank not in (None, 4):
        raise InputError(f"Expected a tf.data set of (images, labels), images of shape (n, h, w, c), got {spec}")
    batches = list(dataset.as_numpy_iterator())
    labels = [labels["noisy"] if isinstance(labels, dict) else labels for _, labels, *_ in batches]
    return np.concatenate([images for images, *_ in batches]), np.concatenate(labels).reshape(-1)
