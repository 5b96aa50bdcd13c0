"""The D's of stage one, with other witnesses, as judges of the original labels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlgan_tf.config import AUTO, OF_FEATURES, StageTwoConfig
from nlgan_tf.data.features import LEAST_SIDE
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.networks.upright_hog import LEAST_DIGIT_SIDE, digit_features
from nlgan_tf.noise_rates.calibration import USUAL_LOG_SCALE, VOTES_LOG_SCALE, Calibration, calibrate
from nlgan_tf.noise_rates.group_votes import GroupVotes
from nlgan_tf.noise_rates.posterior import label_posterior
from nlgan_tf.noise_rates.witness_selection import combined_scores, select_witnesses
from nlgan_tf.noise_rates.witnesses import Originals, Vectors, build_witness, votes_of
from nlgan_tf.two_stages.cross_fitting import SMALL_SET, CrossFit, scores_of

# Names of witnesses, and those whose groups vote.
D, GROUPS = "D", "groups"
VOTERS = (GROUPS, "feature-groups")


@dataclass(frozen=True)
class Judge:
    """The D's of a cross-fit as one judge of any image.

    Attributes:
        fit: The cross-fit.
        standards: Mean and standard deviation of each D's scores on the training images that the D judges, which
            bring all D's to one scale.
        calibration: From the standardised scores to P(positive).
        heard: Names of the witnesses that the posterior of the originals comes from, "D" among them or not.
    """

    fit: CrossFit
    standards: tuple[tuple[float, float], ...]
    calibration: Calibration
    heard: tuple[str, ...] = (D,)

    def probability(self, images: np.ndarray) -> np.ndarray:
        """Returns P(positive) by the mean of all D's, float32, shape (n,)."""
        judged = [
            self.calibration((scores_of(model, images) - mean) / std)
            for model, (mean, std) in zip(self.fit.models, self.standards, strict=True)
        ]
        return np.mean(judged, axis=0, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Returns all numbers of the judge, for JSON."""
        return {"standards": self.standards, "calibration": self.calibration.to_dict(), "heard": self.heard}

    @classmethod
    def from_dict(cls, fit: CrossFit, numbers: dict[str, Any]) -> Judge:
        """Returns the judge that `to_dict` described, on the same models."""
        standards = tuple((mean, std) for mean, std in numbers["standards"])
        # Runs that began before D could be left out have no "heard".
        heard = tuple(numbers.get("heard", (D,)))
        return cls(fit, standards, Calibration.from_dict(numbers["calibration"]), heard)


@dataclass(frozen=True)
class Judged:
    """What is known of the original labels after stage one.

    Attributes:
        judge: Judge of the originals: the calibrated D's, and the names of those who are heard.
        posterior: P(truly positive) of each training image, its own noisy label included; float32, shape (n,).
        remarks: One line about each other witness: what it adds, and whether it is kept.
    """

    judge: Judge
    posterior: np.ndarray
    remarks: tuple[str, ...] = ()


def judge_originals(
    fit: CrossFit,
    images: np.ndarray,
    noisy_labels: np.ndarray,
    priors: NoisePriors,
    config: StageTwoConfig,
    seed: int = 0,
    features: Vectors | None = None,
) -> Judged:
    """Calibrates the D's on noisy labels alone, and gives each training image a posterior.

    Args:
        fit: Trained cross-fit.
        images: Training images, uint8 or floats in [0, 255], shape (n, h, w, c).
        noisy_labels: Labels, 0 or 1, shape (n,).
        priors: Purities of the noisy labels.
        config: Number of views, and the witnesses beside the D's.
        seed: Seed of views and of the witnesses' folds.
        features: Function of images to vectors, shape (n, d), of a frozen network.

    Raises:
        InputError: For a configuration that needs features, and none.
    """
    scores, standards = np.empty(len(images), np.float32), []
    for number, model in enumerate(fit.models):
        judged = fit.judged_by(number)
        its_scores = scores_of(model, images[judged], config.views, seed)
        standards.append((float(its_scores.mean()), float(its_scores.std()) + 1e-6))
        scores[judged] = (its_scores - standards[-1][0]) / standards[-1][1]
    known, remarks = {D: scores}, []
    heard = [D]
    if names := witnesses_for(config, images, features):
        for name in names:
            witness = build_witness(name, images, noisy_labels, features=features, priors=priors, seed=seed)
            known[name] = witness.scores
        # Without folds D has learned the very labels that it judges.
        in_sample = [D] if len(fit.models) == 1 else []
        voters = [name for name in names if name in VOTERS]
        preferred = voters[0] if len(voters) == 1 and not in_sample and len(images) < SMALL_SET else None
        selection = select_witnesses(known, noisy_labels, priors, seed, in_sample, preferred)
        # Where no witness tells the classes apart, D's word is as good as any.
        heard, remarks = selection.kept or [D], selection.lines
    combined = combined_scores([known[name] for name in heard])
    probability = _calibrated(heard, combined, noisy_labels, priors)(combined)
    judge = Judge(fit, tuple(standards), _calibrated([D], scores, noisy_labels, priors), tuple(heard))
    return Judged(judge, label_posterior(probability, noisy_labels, priors), tuple(remarks))


def judge_drawn(
    drawn: np.ndarray,
    judge: Judge,
    images: np.ndarray,
    noisy_labels: np.ndarray,
    priors: NoisePriors,
    seed: int = 0,
) -> np.ndarray:
    """Returns P(positive) of drawn images: by the D's, or by the groups of the originals where these alone are heard.

    Classifiers on HOG or frozen features have not been tried as judges of drawn photographs.

    Args:
        drawn: Drawn images, uint8, shape (m, h, w, c).
        judge: Judge of the originals: the calibrated D's, and the names of those who are heard.
        images, noisy_labels, priors, seed: As of `judge_originals`.

    Returns:
        float32, shape (m,).
    """
    if judge.heard != (GROUPS,):
        return judge.probability(drawn)
    votes, calibration = calibrated_votes(images, noisy_labels, priors, seed)
    return calibration(votes.of_others(digit_features(drawn)))


def calibrated_votes(
    images: np.ndarray, noisy_labels: np.ndarray, priors: NoisePriors, seed: int = 0
) -> tuple[GroupVotes, Calibration]:
    """Returns the votes of the groups of grey originals, and the calibration of these votes by themselves.

    Arguments are those of `judge_originals`.
    """
    votes = votes_of(Originals(images, noisy_labels, None, priors, seed))
    return votes, _calibrated([GROUPS], votes.of_members, noisy_labels, priors)


def _calibrated(
    heard: Collection[str], scores: np.ndarray, noisy_labels: np.ndarray, priors: NoisePriors
) -> Calibration:
    """The calibration of the scores of those who are heard; votes alone are surer than other scores."""
    usual = VOTES_LOG_SCALE if set(heard) <= set(VOTERS) else USUAL_LOG_SCALE
    return calibrate(scores, noisy_labels, priors, usual)


def classifiers_judge(config: StageTwoConfig, images: np.ndarray, features: Vectors | None = None) -> bool:
    """Whether a classifier on features judges beside the D's; groups that vote, which grey images have, are none.

    Arguments are those of `judge_originals`.
    """
    return bool(set(witnesses_for(config, images, features)) - {GROUPS})


def witnesses_for(config: StageTwoConfig, images: np.ndarray, features: Vectors | None = None) -> list[str]:
    """Returns the names of the witnesses beside the D's: the configured one, or those that the images' kind allows."""
    if config.witness != AUTO:
        return [config.witness] if config.witness else []
    is_grey, side = images.shape[-1] == 1, min(images.shape[1:3])
    own = [GROUPS] if is_grey and side >= LEAST_DIGIT_SIDE else ["hog"] if not is_grey and side >= LEAST_SIDE else []
    return own + (list(OF_FEATURES) if features is not None else [])
