"""Both stages in one call: images and noisy labels in; trained models, posteriors and the drawn set out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.compat.gradients import freed_graphs
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import DRAWN, FEATURES, StageOneConfig, StageTwoConfig, judges_originals
from nlgan_tf.data.checks import check_seed
from nlgan_tf.data.noise import ESTIMATE, NoisePriors
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.networks.extractor import FrozenFeatures
from nlgan_tf.recipes import check_recipe
from nlgan_tf.training.precision import computing_in
from nlgan_tf.two_stages.cross_fitting import CrossFit
from nlgan_tf.two_stages.ensemble import build_ensemble, who_joins
from nlgan_tf.two_stages.head import frozen_features, train_head
from nlgan_tf.two_stages.judging import judge_drawn, judge_originals
from nlgan_tf.two_stages.refinement import refine_generators
from nlgan_tf.two_stages.stage_one import check_training_set
from nlgan_tf.two_stages.stage_two import Evidence, how_to_draw, learned_part, train_rounds, train_stage_two


@dataclass(frozen=True)
class TwoStages:
    """What both stages give.

    Attributes:
        models: Trained NLGANs, one a fold of the images; usually one.
        images: Drawn images, uint8, shape (m, h, w, c).
        labels: Labels of the drawn images, 1 or 0, int64, shape (m,).
        classifier: Classifier: float32 images in [-1, 1] -> logits (n, 1).
        posterior: P(truly positive) of each original image, float32, shape (n,), calibrated and with the image's noisy
            label; D's alone where neither the classifier nor the generators learn from the posterior.
        history: Losses and events of stage one, a row an epoch, of several folds the first's.
    """

    models: list[NLGAN]
    images: np.ndarray
    labels: np.ndarray
    classifier: keras.Model
    posterior: np.ndarray
    history: list[dict[str, Any]]

    @property
    def model(self) -> NLGAN:
        """The NLGAN, of several folds the first."""
        return self.models[0]


def train_two_stages(
    images: ArrayLike,
    noisy_labels: ArrayLike,
    priors: NoisePriors | str = ESTIMATE,
    recipe: str = "modern",
    seed: int = 0,
    *,
    stage_one: StageOneConfig | None = None,
    stage_two: StageTwoConfig | None = None,
    features: keras.Model | str | os.PathLike | None = None,
    precision: str | None = None,
    verbose: int | str = 0,
) -> TwoStages:
    """Trains D, G_P and G_N on noisy labels, draws a clean set, and trains a classifier on the drawn set.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c), with h and w divisible by 4 and c 1 or 3.
        noisy_labels: Labels, 1 (positive) or 0, some of them wrong, shape (n,).
        priors: Purities of the noisy labels, or "estimate".
        recipe: Name of the settings of both stages: "literal", "paper" or "modern".
        seed: Seed of everything random.
        stage_one, stage_two: Settings in place of the recipe's.
        features: Frozen feature extractor, images in [0, 255] -> vectors: a Keras model, its `.keras` file, or a name
            of keras.applications. A judge of the originals beside D, if stage two learns from them; with
            `StageTwoConfig(network="features")` the trunk of the classifier too.
        precision: Precision of the networks' products: "auto", "float32", "bfloat16" or "float16"; None: Keras's
            present policy. The classifier's too: `training.precision.float32_copy` makes a float32 one.
        verbose: Verbosity, as in `keras.Model.fit`.

    Raises:
        InputError: For images, labels, priors, a recipe, features, a seed or a precision that are not accepted.
        NonFiniteError: If training diverged.
    """
    settings = check_recipe(recipe)
    stage_one, stage_two = stage_one or settings.stage_one, stage_two or settings.stage_two
    check_seed(seed)
    images, noisy_labels, priors = check_training_set(images, noisy_labels, priors)
    frozen = frozen_features(features, stage_two, images.shape[1:])
    with computing_in(precision), freed_graphs():
        return _both(images, noisy_labels, priors, seed, stage_one, stage_two, frozen, verbose)


def _both(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    priors: NoisePriors | str,
    seed: int,
    stage_one: StageOneConfig,
    stage_two: StageTwoConfig,
    frozen: FrozenFeatures | None,
    verbose: int | str,
) -> TwoStages:
    """Both stages on arguments that are checked."""
    fit = CrossFit.build(images, noisy_labels, priors, stage_one, seed)
    if priors == ESTIMATE:
        priors = fit.estimate_priors(images, noisy_labels, seed).priors
    histories = [fit.train(number, images, noisy_labels, seed, verbose=verbose) for number in range(len(fit.models))]
    if judges_originals(stage_one, stage_two):
        judged = judge_originals(fit, images, noisy_labels, priors, stage_two, seed, frozen)
        posterior = judged.posterior
    else:
        posterior = fit.models[0].predict(images, batch_size=500, verbose=0)
    if fit.config.refine_epochs:
        refine_generators(fit.models[0], images, noisy_labels, posterior, fit.config, seed, verbose=verbose)
    if stage_two.learns_from == DRAWN:
        drawn, classifier = train_stage_two(fit, stage_two, seed, originals=images, verbose=verbose)
    else:
        drawn = fit.hallucinate(stage_two.num_images, seed, **how_to_draw(stage_two, images))
        if stage_two.network == FEATURES:
            classifier = train_head(frozen, images, posterior)
        else:
            of_drawn = judge_drawn(drawn[0], judged.judge, images, noisy_labels, priors, seed)
            evidence = Evidence(images, noisy_labels, priors, posterior, drawn[0], of_drawn)
            classifier = train_rounds(evidence, learned_part(stage_two, images), stage_two, seed, verbose=verbose)
            if joining := who_joins(stage_two, judged.judge, images, frozen):
                classifier = build_ensemble(classifier, joining, judged.judge, evidence, seed)
    return TwoStages(fit.models, *drawn, classifier, posterior, histories[0])
