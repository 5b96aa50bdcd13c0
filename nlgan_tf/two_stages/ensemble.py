"""The classifier of stage two and the judges of the originals as one classifier.

The classifier loses some of what the judges know that taught it, and their errors differ: the mean of both errs less
than either.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUTO, FEATURES, StageTwoConfig
from nlgan_tf.networks.votes import build_votes
from nlgan_tf.noise_rates.calibration import Calibration
from nlgan_tf.noise_rates.witnesses import Vectors
from nlgan_tf.two_stages.judging import GROUPS, D, Judge, calibrated_votes, classifiers_judge
from nlgan_tf.two_stages.stage_two import Evidence


def who_joins(
    config: StageTwoConfig, judge: Judge, images: np.ndarray, features: Vectors | None = None
) -> tuple[str, ...]:
    """Returns who joins the classifier: "D", "groups", both or nobody, of those who are heard on the originals.

    A D without folds has learned the labels that it judges, and does not join; nor do the D's where a classifier on
    features judges too, which is the stronger.

    Args:
        config: What is served, what the classifier learns from, and its network.
        judge: Judge of the originals: the calibrated D's, and the names of those who are heard.
        images, features: As of `judge_originals`.
    """
    if config.served != AUTO or config.network == FEATURES:
        return ()
    unseen = len(judge.fit.models) > 1 and not classifiers_judge(config, images, features)
    return tuple(name for name in judge.heard if name == GROUPS or (name == D and unseen))


def build_ensemble(
    classifier: keras.Model, joining: Collection[str], judge: Judge, evidence: Evidence, seed: int = 0
) -> keras.Model:
    """Returns the weighted mean of the classifier's logit and of the calibrated logits of those who join it.

    Of k who are heard on the originals, each has 1 / k of the classifier's weight.

    Args:
        classifier: Classifier, float32 images in [-1, 1], (n, h, w, c) -> logits (n, 1).
        joining: "D", "groups" or both, see `who_joins`.
        judge: Judge of the originals: the calibrated D's, and the names of those who are heard.
        evidence: Originals, whose labels the groups' votes are.
        seed: Seed of the groupings, as of `judge_originals`.

    Returns:
        A functional model of the same inputs and outputs, positive above 0.
    """
    images = keras.Input(classifier.input_shape[1:], name="images")
    others = [_groups(evidence, seed) if name == GROUPS else _discriminators(judge) for name in joining]
    share = 1 / len(judge.heard)
    whole = 1 + share * len(others)
    logits = [
        keras.layers.Rescaling(weight / whole, dtype="float32", name=f"share_of_{model.name}")(model(images))
        for model, weight in ((classifier, 1), *((other, share) for other in others))
    ]
    return keras.Model(images, keras.layers.Add(dtype="float32", name="logits")(logits), name="ensemble")


def _groups(evidence: Evidence, seed: int) -> keras.Model:
    """The groups' votes, images in [-1, 1] -> calibrated logit, (n, 1)."""
    votes, calibration = calibrated_votes(evidence.images, evidence.noisy_labels, evidence.priors, seed)
    scores = build_votes(evidence.images.shape[1:], votes.centres, votes.votes)
    return _calibrated(scores, calibration, 1.0, 0.0, "groups")


def _discriminators(judge: Judge) -> keras.Model:
    """The mean of all D's, images in [-1, 1] -> calibrated logit, (n, 1)."""
    discriminators = [model.judging_discriminator() for model in judge.fit.models]
    images = keras.Input(discriminators[0].input_shape[1:], name="images")
    logits = []
    for number, (discriminator, (mean, std)) in enumerate(zip(discriminators, judge.standards, strict=True)):
        # D's logit is high on negatives.
        its_logit = _calibrated(discriminator, judge.calibration, -1 / std, -mean / std, f"discriminator_{number}")
        logits.append(its_logit(images))
    return keras.Model(images, keras.layers.Average(name="mean")(logits), name="discriminators")


def _calibrated(scores: keras.Model, calibration: Calibration, factor: float, summand: float, name: str) -> keras.Model:
    """The logit of P(positive) by a calibration of the scores times a factor plus a summand: linear in the scores."""
    slope = calibration.scale / calibration.std
    offset = calibration.shift + slope * (summand - calibration.mean)
    images = keras.Input(scores.input_shape[1:], name="images")
    logit = keras.layers.Rescaling(slope * factor, offset=offset, dtype="float32", name="calibrated")(scores(images))
    return keras.Model(images, logit, name=name)
