"""Witnesses of the true labels beside D: each scores every original image without having learned its label.

A witness is a classifier on fixed features, cross-fitted on the noisy labels. Witnesses whose errors have other causes
than D's raise the accuracy of the label posterior. `select_witnesses` keeps those that do, by noisy labels alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import SVC

from nlgan_tf.data.checks import check_images, check_labels, check_training_images
from nlgan_tf.data.features import hog_features
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.calibration import calibrate, mean_and_std
from nlgan_tf.noise_rates.channel import Channel, check_scores
from nlgan_tf.noise_rates.folds import most_folds, stratified_folds
from nlgan_tf.noise_rates.posterior import noisy_likelihood

# Folds of a witness, and of the two numbers of a calibration.
FOLDS, CALIBRATION_FOLDS = 10, 5

# Images, shape (n, h, w, c), to vectors, shape (n, d).
Vectors = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Witness:
    """Scores of images, larger for positives.

    Attributes:
        scores: Scores of the original images, each by a model that has not seen the image, float32, shape (n,).
        score_others: Function of other images, shape (m, h, w, c), to their scores, float32, shape (m,), by a model
            that has learned all original images, fitted when first asked.
    """

    scores: np.ndarray
    score_others: Callable[[np.ndarray], np.ndarray]


class Builder(Protocol):
    """Builds a witness of checked images and noisy labels."""

    def __call__(
        self, images: np.ndarray, noisy_labels: np.ndarray, features: Vectors | None, seed: int, /
    ) -> Witness: ...


def build_witness(
    name: str, images: ArrayLike, noisy_labels: ArrayLike, *, features: Vectors | None = None, seed: int = 0
) -> Witness:
    """Returns a witness, fitted.

    Args:
        name: Name in `WITNESSES`.
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c). Equal images are in one fold.
        noisy_labels: Labels, 0 or 1, shape (n,).
        features: Function of images to vectors, for "features": the outputs of a frozen network, for example.
        seed: Seed of the folds.

    Raises:
        InputError: For an unknown name, images or labels that are not accepted, images that the witness cannot see
            (grey ones for "hog"), or missing features.
    """
    if name not in WITNESSES:
        raise InputError(f"Expected a witness among {', '.join(WITNESSES)}; got {name!r}")
    images = check_training_images(images)
    labels = check_labels(noisy_labels, len(images), name="noisy_labels")
    return WITNESSES[name](images, labels, features, seed)


def cross_fitted(
    images: np.ndarray,
    noisy_labels: np.ndarray,
    views: Callable[[np.ndarray], Sequence[np.ndarray]],
    estimator: BaseEstimator,
    seed: int,
) -> Witness:
    """Returns a classifier on feature vectors as a witness, 10-fold, or fewer where the rarer label has fewer images.

    Args:
        images: Checked images, shape (n, h, w, c). Equal images are in one fold.
        noisy_labels: Checked labels, shape (n,).
        views: Function of images to the vectors of each view, shapes (n, d): all views are learned, and the decision
            function is averaged over them.
        estimator: Classifier of scikit-learn's kind, with a decision function.
        seed: Seed of the folds.
    """
    vectors = views(images)

    def fitted(chosen: np.ndarray) -> BaseEstimator:
        learned = np.concatenate([view[chosen] for view in vectors])
        return clone(estimator).fit(learned, np.tile(noisy_labels[chosen], len(vectors)))

    def score(model: BaseEstimator, vectors: Sequence[np.ndarray]) -> np.ndarray:
        return np.mean([model.decision_function(view) for view in vectors], axis=0).astype(np.float32)

    fold = stratified_folds(noisy_labels, most_folds(noisy_labels, FOLDS), seed, images)
    scores = np.empty(len(images), np.float32)
    for number in range(fold.max() + 1):
        held = fold == number
        scores[held] = score(fitted(~held), [view[held] for view in vectors])

    @functools.cache
    def whole() -> BaseEstimator:
        return fitted(np.full(len(images), True))

    return Witness(scores, lambda others: score(whole(), views(check_images(others, images.shape[1:]))))


def combined_scores(scores: Sequence[ArrayLike], others: Sequence[ArrayLike] | None = None) -> np.ndarray:
    """Returns the sum of the witnesses' standardised scores.

    Args:
        scores: Scores of the original images by each witness, shapes (n,).
        others: Scores of other images by the same witnesses, shapes (m,), which are summed instead, standardised as
            those of the original images. None: the original images are summed.

    Returns:
        float64, shape (n,) or (m,).

    Raises:
        InputError: For no scores, scores that are not finite, of another shape or of different lengths, or `others`
            of another number of witnesses.
    """
    rows = _rows(scores, "scores")
    summed = rows if others is None else _rows(others, "others")
    if len(summed) != len(rows):
        raise InputError(f"Expected others of {len(rows)} witnesses, got {len(summed)}")
    moments = [mean_and_std(row) for row in rows]
    return np.sum([(row - mean) / std for row, (mean, std) in zip(summed, moments, strict=True)], axis=0)


@dataclass(frozen=True)
class Selection:
    """The witnesses that are kept.

    Attributes:
        kept: Names of the witnesses that are kept, those that have learned the labels first, then the best one.
        lines: Reason for each witness, in words.
    """

    kept: list[str]
    lines: list[str]


def select_witnesses(
    scores: Mapping[str, ArrayLike],
    noisy_labels: ArrayLike,
    priors: NoisePriors,
    seed: int = 0,
    in_sample: Collection[str] = (),
) -> Selection:
    """Returns which witnesses to sum, by noisy labels alone.

    Witnesses are tried in the order of their own likelihood. Each is kept if its score, added to the sum of those kept
    before, raises the held-out likelihood of the noisy labels; the first is compared with the class prior for all
    images. The likelihood of a witness that has learned the labels says too much: such a witness is compared with the
    class prior alone, and no other witness with it.

    Args:
        scores: Scores of the original images by the name of each witness (D is one), shapes (n,); held-out ones, but
            for those of `in_sample`.
        noisy_labels: Labels, 0 or 1, shape (n,).
        priors: Purities of the noisy labels.
        seed: Seed of the calibration's folds.
        in_sample: Names of witnesses that have learned the labels of the images that they score.

    Raises:
        InputError: For scores, labels or priors that are not accepted.
    """
    labels = check_labels(noisy_labels, name="noisy_labels")

    def likelihood(names: list[str]) -> float:
        return held_out_likelihood(combined_scores([scores[name] for name in names]), labels, priors, seed)

    prior = noisy_likelihood(np.full(len(labels), Channel.of(labels, priors).class_prior), labels, priors)
    learned, held_out, lines = [], [], []
    for name in (name for name in scores if name in in_sample):
        found = likelihood([name])
        reason = f"{name} has learned these labels, so other judges are not compared with {name}"
        lines.append(f"{_verdict(name, prior, found)}; {reason}")
        learned += [name] if found > prior else []
    best = prior
    others = [name for name in scores if name not in in_sample]
    for name in sorted(others, key=lambda name: likelihood([name]), reverse=True):
        found = likelihood([*held_out, name])
        lines.append(_verdict(name, best, found))
        if found > best:
            best = found
            held_out.append(name)
    return Selection(learned + held_out, lines)


def _verdict(name: str, before: float, after: float) -> str:
    """Whether a witness is kept, in words, by the likelihood of the noisy labels before it and with it."""
    kept = after > before
    return (
        f"Judge of the labels {name}: {'kept' if kept else 'dropped'}, as the given labels are predicted "
        f"{'better' if kept else 'no better'} with {name} "
        f"(mean log-likelihood {after:.4f}, without {before:.4f}; higher is better)"
    )


def held_out_likelihood(scores: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors, seed: int = 0) -> float:
    """Returns the mean log-likelihood of the noisy labels by calibrations that were fitted to the other folds.

    Five folds, or fewer where the rarer label has fewer images. Arguments and errors as `calibration.calibrate`, and
    at least two images of each label; `seed` is that of the folds.
    """
    scores = check_scores(scores)
    labels = check_labels(noisy_labels, len(scores), name="noisy_labels")
    fold = stratified_folds(labels, most_folds(labels, CALIBRATION_FOLDS), seed)
    probability = np.empty(len(scores))
    for number in range(fold.max() + 1):
        held = fold == number
        probability[held] = calibrate(scores[~held], labels[~held], priors)(scores[held])
    return noisy_likelihood(probability, labels, priors)


def _rows(scores: Sequence[ArrayLike], name: str) -> list[np.ndarray]:
    rows = [check_scores(row, name) for row in scores]
    lengths = {len(row) for row in rows}
    if len(lengths) != 1:
        raise InputError(f"Expected {name} of one length from at least one witness, got lengths {sorted(lengths)}")
    return rows


def _hog(images: np.ndarray, noisy_labels: np.ndarray, features: Vectors | None, seed: int) -> Witness:
    """An SVC on histograms of oriented gradients, with mirrored images: photographs keep their class."""
    del features
    if images.shape[-1] == 1:
        raise InputError(f"Expected colour images for the witness hog, got shape {images.shape}")
    estimator = SVC(C=0.3, class_weight="balanced")
    return cross_fitted(images, noisy_labels, _mirrored_hog, estimator, seed)


def _mirrored_hog(images: np.ndarray) -> list[np.ndarray]:
    return [hog_features(images), hog_features(images[:, :, ::-1])]


def _features(images: np.ndarray, noisy_labels: np.ndarray, features: Vectors | None, seed: int) -> Witness:
    """A balanced logistic regression; an unbalanced one falls to chance on small sets with unequal purities."""
    if features is None:
        raise InputError("Expected features, a function of images to vectors, for the witness features; got None")
    # Vectors of length 1 make C's meaning that of any features; a larger C memorises noisy labels.
    estimator = make_pipeline(Normalizer(), LogisticRegression(C=0.03, class_weight="balanced", max_iter=1000))
    return cross_fitted(images, noisy_labels, lambda images: [np.asarray(features(images))], estimator, seed)


WITNESSES: dict[str, Builder] = {"hog": _hog, "features": _features}
