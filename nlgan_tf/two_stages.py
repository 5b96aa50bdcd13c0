"""Both stages in memory: images and noisy labels in; trained models and the drawn set out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.data.noise import ESTIMATE, NoisePriors, check_priors
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.watch import TrainingWatch
from nlgan_tf.models import build_nlgan
from nlgan_tf.noise_rates.callback import EstimatePriors
from nlgan_tf.recipes import check_recipe
from nlgan_tf.stage_two import train_classifier
from nlgan_tf.training.fit import Survival, fit


@dataclass(frozen=True)
class TwoStages:
    """What both stages give.

    Attributes:
        model: Trained NLGAN.
        images: Drawn images, uint8, shape (m, h, w, c).
        labels: Labels of the drawn images, 1 or 0, int64, shape (m,).
        classifier: Classifier trained on the drawn images: float32 images in [-1, 1] -> logits (n, 1).
        posterior: P(truly positive) of each original image by D, float32, shape (n,).
        history: Losses and events of stage one, a row an epoch.
    """

    model: NLGAN
    images: np.ndarray
    labels: np.ndarray
    classifier: keras.Model
    posterior: np.ndarray
    history: list[dict[str, Any]]


def train_two_stages(
    images: ArrayLike,
    noisy_labels: ArrayLike,
    priors: NoisePriors | str = ESTIMATE,
    recipe: str = "modern",
    seed: int = 0,
    *,
    stage_one: StageOneConfig | None = None,
    stage_two: StageTwoConfig | None = None,
    verbose: int | str = 0,
) -> TwoStages:
    """Trains D, G_P and G_N on noisy labels, draws a clean set, and trains a classifier on the drawn set.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        noisy_labels: Labels, 1 (positive) or 0, some of them wrong, shape (n,).
        priors: Purities of the noisy labels, or "estimate".
        recipe: Name of the settings of both stages: "literal", "paper" or "modern".
        seed: Seed of everything random.
        stage_one, stage_two: Settings in place of the recipe's.
        verbose: As in `keras.Model.fit`.

    Raises:
        InputError: For images, labels, priors or a recipe that are not accepted.
        NonFiniteError: If training diverged.
    """
    settings = check_recipe(recipe)
    stage_one, stage_two = stage_one or settings.stage_one, stage_two or settings.stage_two
    images = check_images(images)
    noisy_labels = check_labels(noisy_labels, length=len(images))
    model = build_nlgan(images.shape[1:], check_priors(priors), stage_one, seed)
    if model.priors == ESTIMATE:
        model.priors = EstimatePriors(images, noisy_labels, seed=seed).run(model.discriminator).priors
    history = train_stage_one(model, images, noisy_labels, stage_one, seed, verbose=verbose)
    drawn, classifier = train_stage_two(model, stage_two, seed, verbose=verbose)
    posterior = model.predict(images, batch_size=500, verbose=0)
    return TwoStages(model, *drawn, classifier, posterior, history)


def stage_one_batches(
    images: np.ndarray, noisy_labels: np.ndarray, config: StageOneConfig, seed: int = 0
) -> tf.data.Dataset:
    """One epoch of stage one, in the order of its first epoch."""
    return noisy_dataset(images, noisy_labels, config.batch_size, config.samples_per_epoch, seed)


def train_stage_one(
    model: keras.Model,
    images: np.ndarray,
    noisy_labels: np.ndarray,
    config: StageOneConfig,
    seed: int = 0,
    *,
    survival: Survival | None = None,
    history: Path | None = None,
    verbose: int | str = 0,
) -> list[dict[str, Any]]:
    """Trains an NLGAN with known priors on noisy labels, watched for collapse and memorisation.

    Args:
        model: Compiled NLGAN.
        images, noisy_labels: Training set.
        config: Epochs and batches.
        seed: Seed of the batches' order.
        survival: How the training survives a kill; by default nothing is saved.
        history: CSV file, a row an epoch.
        verbose: As in `keras.Model.fit`.

    Returns:
        The rows of the history.

    Raises:
        NonFiniteError: If training diverged.
    """

    def batches() -> tf.data.Dataset:
        return stage_one_batches(images, noisy_labels, config, seed)

    watch = TrainingWatch(images, noisy_labels)
    return fit(model, batches, config.epochs, survival or Survival(), "stage_one", watch, history, verbose)


def train_stage_two(
    model: keras.Model, config: StageTwoConfig, seed: int = 0, *, verbose: int | str = 0
) -> tuple[tuple[np.ndarray, np.ndarray], keras.Model]:
    """Draws the clean data set, images and labels, and trains the classifier on what was drawn.

    Args:
        model: NLGAN, or any model with its method `hallucinate`.
        config: Number of images, network and schedule.
        seed: Seed of what is drawn and of the classifier.
        verbose: As in `keras.Model.fit`.
    """
    drawn = model.hallucinate(config.num_images, seed)
    return drawn, train_classifier(*drawn, config, seed, verbose)
