"""Which labels are wrong: stage one and the posterior of each original label, without stage two."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.compat.gradients import freed_graphs
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.data.checks import check_seed
from nlgan_tf.data.noise import ESTIMATE, NoisePriors
from nlgan_tf.networks.extractor import FrozenFeatures
from nlgan_tf.noise_rates.callback import describe
from nlgan_tf.noise_rates.estimate import PriorsEstimate
from nlgan_tf.noise_rates.label_quality import as_frame, label_quality, score_table
from nlgan_tf.recipes import check_recipe
from nlgan_tf.two_stages.cross_fitting import CrossFit, describe_folds, describe_training, usual_folds
from nlgan_tf.two_stages.head import describe_features, frozen_features
from nlgan_tf.two_stages.judging import classifiers_judge, judge_originals
from nlgan_tf.two_stages.stage_one import check_training_set

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class JudgedLabels:
    """What stage one says of the given labels.

    Attributes:
        quality: P(the given label is right), float32 in [0, 1], shape (n,).
        priors: Purities of the labels, stated or estimated.
        estimate: Estimate of the purities; None where they were stated.
    """

    quality: np.ndarray
    priors: NoisePriors
    estimate: PriorsEstimate | None = None


def score_labels(
    images: ArrayLike,
    noisy_labels: ArrayLike,
    priors: NoisePriors | str = ESTIMATE,
    recipe: str = "modern",
    seed: int = 0,
    *,
    stage_one: StageOneConfig | None = None,
    stage_two: StageTwoConfig | None = None,
    features: keras.Model | str | os.PathLike | None = None,
    verbose: int | str = 0,
) -> pd.DataFrame | np.ndarray:
    """Returns a table of all labels, the most doubtful first.

    Trains stage one alone. The quality is calibrated as far as the purities are right: of the labels of quality .8,
    about 80% are right.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c), with h and w divisible by 4 and c 1 or 3.
        noisy_labels: Labels, 1 (positive) or 0, some of them wrong, shape (n,).
        priors: Purities of the noisy labels, or "estimate".
        recipe: Name of the settings: "literal", "paper" or "modern".
        seed: Seed of everything random.
        stage_one: Settings of the training in place of the recipe's.
        stage_two: Settings of the posterior (views and witness) in place of the recipe's.
        features: Frozen model of images in [0, 255], a .keras file or a name of keras.applications: one more witness.
        verbose: Verbosity, as in `keras.Model.fit`.

    Returns:
        A pandas frame where pandas is installed, else a NumPy structured array, a row for each image: `index` (place of
        the image in `images`), `given_label`, `suggested_label` (the likelier label) and `quality` (P that the given
        label is right, in [0, 1]).

    Raises:
        FileNotFoundError: If the file of `features` does not exist.
        InputError: For images, labels, priors, a recipe, a seed or features that are not accepted.
        NonFiniteError: If training diverged.
    """
    settings = check_recipe(recipe)
    stages = stage_one or settings.stage_one, stage_two or settings.stage_two
    check_seed(seed)
    images, labels, priors = check_training_set(images, noisy_labels, priors)
    frozen = frozen_features(features, stages[1], images.shape[1:])
    judged = judge_labels(images, labels, priors, *stages, seed, features=frozen, verbose=verbose)
    return as_frame(score_table(judged.quality, labels))


@freed_graphs()
def judge_labels(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    priors: NoisePriors | str,
    stage_one: StageOneConfig,
    stage_two: StageTwoConfig,
    seed: int = 0,
    *,
    features: FrozenFeatures | None = None,
    verbose: int | str = 0,
) -> JudgedLabels:
    """Trains stage one, and returns the quality of each label.

    Args:
        images: Checked images, shape (n, h, w, c).
        noisy_labels: Checked labels, 0 or 1, shape (n,).
        priors: Purities of the noisy labels, or "estimate".
        stage_one: Settings of the training.
        stage_two: Number of views, and the witness beside the D's.
        seed: Seed of everything random.
        features: Frozen features, one more witness.
        verbose: Verbosity: 0 prints nothing, 1 a line a phase and an epoch.
    """

    def say(line: str | None) -> None:
        if line and verbose:
            print(line, flush=True)

    say(describe_features(features))
    stage_one = cross_fitted_beside_witness(stage_one, stage_two, images, noisy_labels, features)
    fit = CrossFit.build(images, noisy_labels, priors, stage_one, seed)
    estimate = None
    if priors == ESTIMATE:
        say("Estimating pi_p and pi_n from the outputs of D on held-out images")
        estimate = fit.estimate_priors(images, noisy_labels, seed)
        say(describe(estimate))
    say(describe_folds(fit))
    for number in range(len(fit.models)):
        say(describe_training(fit, number))
        fit.train(number, images, noisy_labels, seed, verbose=verbose)
    known = fit.models[0].priors
    judged = judge_originals(fit, images, noisy_labels, known, stage_two, seed, features)
    for remark in judged.remarks:
        say(remark)
    return JudgedLabels(label_quality(judged.posterior, noisy_labels), known, estimate)


def cross_fitted_beside_witness(
    stage_one: StageOneConfig,
    stage_two: StageTwoConfig,
    images: np.ndarray,
    noisy_labels: np.ndarray,
    features: FrozenFeatures | None = None,
) -> StageOneConfig:
    """Returns the settings with folds where a classifier on features judges beside D, unless their number is stated.

    Witnesses are kept by the likelihood of the noisy labels, which favours a D that has trained on the same labels. On
    grey images, where groups vote, D's augmentation and its early end keep D from memorising them.

    Args:
        stage_one: Settings of the training.
        stage_two: Settings of the posterior, the witness among them.
        images: Checked images, shape (n, h, w, c).
        noisy_labels: Checked labels, 0 or 1, shape (n,).
        features: Frozen features, if there are any.
    """
    if stage_one.folds or not classifiers_judge(stage_two, images, features):
        return stage_one
    return dataclasses.replace(stage_one, folds=usual_folds(noisy_labels))
