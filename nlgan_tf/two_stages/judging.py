"""The D's of stage one, with other witnesses, as judges of the original labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nlgan_tf.config import AUTO, OF_FEATURES, StageTwoConfig
from nlgan_tf.data.features import LEAST_DIGIT_SIDE, LEAST_SIDE
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.noise_rates.calibration import Calibration, calibrate
from nlgan_tf.noise_rates.posterior import label_posterior
from nlgan_tf.noise_rates.witness_selection import combined_scores, select_witnesses
from nlgan_tf.noise_rates.witnesses import Vectors, build_witness
from nlgan_tf.two_stages.cross_fitting import CrossFit, scores_of


@dataclass(frozen=True)
class Judge:
    """The D's of a cross-fit as one judge of any image.

    Attributes:
        fit: The cross-fit.
        standards: Mean and standard deviation of each D's scores on the training images that the D judges, which
            bring all D's to one scale.
        calibration: From the standardised scores to P(positive).
    """

    fit: CrossFit
    standards: tuple[tuple[float, float], ...]
    calibration: Calibration

    def probability(self, images: np.ndarray) -> np.ndarray:
        """Returns P(positive) by the mean of all D's, float32, shape (n,)."""
        judged = [
            self.calibration((scores_of(model, images) - mean) / std)
            for model, (mean, std) in zip(self.fit.models, self.standards, strict=True)
        ]
        return np.mean(judged, axis=0, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Returns all numbers of the judge, for JSON."""
        return {"standards": self.standards, "calibration": self.calibration.to_dict()}

    @classmethod
    def from_dict(cls, fit: CrossFit, numbers: dict[str, Any]) -> Judge:
        """Returns the judge that `to_dict` described, on the same models."""
        standards = tuple((mean, std) for mean, std in numbers["standards"])
        return cls(fit, standards, Calibration.from_dict(numbers["calibration"]))


@dataclass(frozen=True)
class Judged:
    """What is known of the original labels after stage one.

    Attributes:
        judge: The D's, calibrated.
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
    judge = Judge(fit, tuple(standards), calibrate(scores, noisy_labels, priors))
    kept, remarks = [scores], []
    if names := witnesses_for(config, images, features):
        known = {"D": scores}
        for name in names:
            witness = build_witness(name, images, noisy_labels, features=features, priors=priors, seed=seed)
            known[name] = witness.scores
        # Without folds D has learned the very labels that it judges.
        in_sample = ["D"] if len(fit.models) == 1 else []
        selection = select_witnesses(known, noisy_labels, priors, seed, in_sample)
        # Where no witness tells the classes apart, D's word is as good as any.
        kept, remarks = [known[name] for name in selection.kept] or [scores], selection.lines
    combined = combined_scores(kept)
    probability = calibrate(combined, noisy_labels, priors)(combined)
    return Judged(judge, label_posterior(probability, noisy_labels, priors), tuple(remarks))


def classifiers_judge(config: StageTwoConfig, images: np.ndarray, features: Vectors | None = None) -> bool:
    """Whether a classifier on features judges beside the D's; groups that vote, which grey images have, are none.

    Arguments are those of `judge_originals`.
    """
    return bool(set(witnesses_for(config, images, features)) - {"groups"})


def witnesses_for(config: StageTwoConfig, images: np.ndarray, features: Vectors | None = None) -> list[str]:
    """Returns the names of the witnesses beside the D's: the configured one, or those that the images' kind allows."""
    if config.witness != AUTO:
        return [config.witness] if config.witness else []
    is_grey, side = images.shape[-1] == 1, min(images.shape[1:3])
    own = ["groups"] if is_grey and side >= LEAST_DIGIT_SIDE else ["hog"] if not is_grey and side >= LEAST_SIDE else []
    return own + (list(OF_FEATURES) if features is not None else [])
