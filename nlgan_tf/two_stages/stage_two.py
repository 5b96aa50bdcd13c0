"""Stage two on arrays: what is drawn, and a classifier of drawn images, of originals with their posterior, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUTO, BOTH, DRAWN, FEATURES, ORIGINALS, StageTwoConfig, policy_for
from nlgan_tf.data.batches import soft_label_batches
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.gan.augment import stage_two_augmentation
from nlgan_tf.noise_rates.calibration import calibrate
from nlgan_tf.noise_rates.posterior import label_posterior
from nlgan_tf.stage_two import predict_views, train_classifier, train_on_stream
from nlgan_tf.training.survival import Survival
from nlgan_tf.two_stages.cross_fitting import SMALL_SET

# What goes with the augmentation of a set that is not small: what the classifier learns from, and its rounds.
LEARNS_FROM_FOR = {"digits": BOTH, "photos": ORIGINALS}
ROUNDS_FOR = {"digits": 2, "photos": 1}
# All images that are drawn, by z as in training.
UNFILTERED = {"min_confidence": None, "keep_surest": 1.0, "novelty": 0.0, "temperature": 1.0}
# Between the seeds of two rounds.
ROUND_STRIDE = 100


@dataclass(frozen=True)
class Evidence:
    """What a classifier of soft labels may learn from.

    Attributes:
        images: Original images, uint8 or floats in [0, 255], shape (n, h, w, c).
        noisy_labels: Labels of the originals, 0 or 1, shape (n,).
        priors: Purities of the noisy labels.
        posterior: P(truly positive) of each original, shape (n,).
        drawn_images: Drawn images, uint8, shape (m, h, w, c).
        drawn_posterior: P(positive) of each drawn image, shape (m,).
    """

    images: np.ndarray
    noisy_labels: np.ndarray
    priors: NoisePriors
    posterior: np.ndarray
    drawn_images: np.ndarray
    drawn_posterior: np.ndarray


def how_to_draw(config: StageTwoConfig, originals: np.ndarray | None) -> dict[str, Any]:
    """Returns the arguments of `NLGAN.hallucinate` that differ from its defaults: other models need not take them.

    Args:
        config: Settings of the drawing.
        originals: Training images, uint8 or floats in [0, 255], shape (n, h, w, c), with which `novelty` compares.
    """
    chosen = {name: getattr(config, name) for name, value in UNFILTERED.items() if getattr(config, name) != value}
    return {**chosen, "originals": originals} if config.novelty else chosen


def train_stage_two(
    model: keras.Model,
    config: StageTwoConfig,
    seed: int = 0,
    *,
    originals: np.ndarray | None = None,
    verbose: int | str = 0,
) -> tuple[tuple[np.ndarray, np.ndarray], keras.Model]:
    """Draws the clean data set, images and labels, and trains the classifier on what was drawn.

    Args:
        model: NLGAN, or any model with its method `hallucinate`.
        config: Number and filter of the images, network and schedule.
        seed: Seed of what is drawn and of the classifier.
        originals: Training images, which a configuration with `novelty` needs.
        verbose: Verbosity, as in `keras.Model.fit`.
    """
    drawn = model.hallucinate(config.num_images, seed, **how_to_draw(config, originals))
    return drawn, train_classifier(*drawn, config, seed, verbose)


def train_rounds(
    evidence: Evidence,
    learns_from: str,
    config: StageTwoConfig,
    seed: int = 0,
    *,
    survival: Survival | None = None,
    name: str = "stage_two",
    verbose: int | str = 0,
) -> keras.Model:
    """Trains a classifier on soft labels; with several rounds each classifier judges the originals for the next.

    Args:
        evidence: Images and what is known of their labels.
        learns_from: Part of the evidence: "drawn", "originals" or "both".
        config: Network, schedule and number of rounds; drawn images alone have one round.
        seed: Seed of weights, order, dropout and augmentation.
        survival: Checkpoints and signals of the training; by default nothing is saved.
        name: Name of the training among the checkpoints; each round adds its number.
        verbose: Verbosity, as in `keras.Model.fit`.

    Returns:
        The last round's classifier: float32 images in [-1, 1] -> logits (n, 1), positive above 0.
    """
    images, noisy_labels, priors = evidence.images, evidence.noisy_labels, evidence.priors
    originals = (images, evidence.posterior) if learns_from in (ORIGINALS, BOTH) else (None, None)
    drawn = (evidence.drawn_images, evidence.drawn_posterior) if learns_from in (DRAWN, BOTH) else (None, None)
    augment = stage_two_augmentation(config, images.shape[1:])
    rounds = 1 if learns_from == DRAWN else number_of_rounds(config, images)
    for number in range(rounds):

        def batches(originals: tuple = originals) -> tf.data.Dataset:
            return soft_label_batches(*originals, *drawn, config.batch_size, config.samples_per_epoch, seed)

        its_seed, its_name = seed + ROUND_STRIDE * number, f"{name}-{number + 1}"
        classifier = train_on_stream(
            batches, images.shape[1:], config, its_seed, verbose, survival, its_name, augment=augment
        )
        if number + 1 < rounds:
            scores = predict_views(classifier, images, augment, config.views if augment else 1, seed).mean(axis=0)
            originals = images, label_posterior(calibrate(scores, noisy_labels, priors)(scores), noisy_labels, priors)
    return classifier


def learned_part(config: StageTwoConfig, images: np.ndarray) -> str:
    """Returns what the classifier of a set of images learns from: "drawn", "originals" or "both".

    A classifier of frozen features has no use for drawn images, and one of many photographs loses by them:
    results/notes/recipes.md.
    """
    if config.network == FEATURES:
        return ORIGINALS
    if config.learns_from == AUTO:
        return LEARNS_FROM_FOR[policy_for(images.shape[1:])] if len(images) >= SMALL_SET else BOTH
    return config.learns_from


def number_of_rounds(config: StageTwoConfig, images: np.ndarray) -> int:
    """Returns the number of rounds for a set of images: the configured one, or the one that its kind wants."""
    return config.rounds or (ROUNDS_FOR[policy_for(images.shape[1:])] if len(images) >= SMALL_SET else 1)
