"""Witnesses of the true labels beside D: each scores every original image without having learned its label.

A witness is a classifier on fixed features, cross-fitted on the noisy labels, or the votes of groups of alike images.
Witnesses whose errors have other causes than D's raise the accuracy of the label posterior; `select_witnesses` keeps
those that do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.svm import SVC

from nlgan_tf.data.checks import check_images, check_labels, check_training_images
from nlgan_tf.data.duplicates import groups_of_equal_images
from nlgan_tf.data.features import hog_features
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.networks.upright_hog import digit_features
from nlgan_tf.noise_rates.folds import most_folds, stratified_folds
from nlgan_tf.noise_rates.group_votes import GroupVotes, group_votes

FOLDS = 10

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


@dataclass(frozen=True)
class Originals:
    """What a witness is built of.

    Attributes:
        images: Checked images, shape (n, h, w, c).
        noisy_labels: Checked labels, 0 or 1, shape (n,).
        features: Function of images to vectors, if there is one.
        priors: Purities of the noisy labels, if they are known.
        seed: Seed of the folds, or of the groupings.
    """

    images: np.ndarray
    noisy_labels: np.ndarray
    features: Vectors | None
    priors: NoisePriors | None
    seed: int


def build_witness(
    name: str,
    images: ArrayLike,
    noisy_labels: ArrayLike,
    *,
    features: Vectors | None = None,
    priors: NoisePriors | None = None,
    seed: int = 0,
) -> Witness:
    """Returns a witness, fitted.

    Args:
        name: Name in `WITNESSES`.
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c). Equal images are in one fold.
        noisy_labels: Labels, 0 or 1, shape (n,).
        features: Function of images to vectors, for "features" and "feature-groups": the outputs of a frozen network,
            for example.
        priors: Purities of the noisy labels, for "groups" and "feature-groups".
        seed: Seed of the folds, or of the groupings.

    Raises:
        InputError: For an unknown name, images or labels that are not accepted, images that the witness cannot see
            (grey ones for "hog"), or missing features or priors.
    """
    if name not in WITNESSES:
        raise InputError(f"Expected a witness among {', '.join(WITNESSES)}; got {name!r}")
    images = check_training_images(images)
    labels = check_labels(noisy_labels, len(images), name="noisy_labels")
    return WITNESSES[name](Originals(images, labels, features, priors, seed))


def cross_fitted(
    originals: Originals, views: Callable[[np.ndarray], Sequence[np.ndarray]], estimator: BaseEstimator
) -> Witness:
    """Returns a classifier on feature vectors as a witness, 10-fold, or fewer where the rarer label has fewer images.

    Args:
        originals: Images and labels. Equal images are in one fold.
        views: Function of images to the vectors of each view, shapes (n, d): all views are learned, and the decision
            function is averaged over them.
        estimator: Classifier of scikit-learn's kind, with a decision function.
    """
    images, noisy_labels = originals.images, originals.noisy_labels
    vectors = views(images)

    def fitted(chosen: np.ndarray) -> BaseEstimator:
        learned = np.concatenate([view[chosen] for view in vectors])
        return clone(estimator).fit(learned, np.tile(noisy_labels[chosen], len(vectors)))

    def score(model: BaseEstimator, vectors: Sequence[np.ndarray]) -> np.ndarray:
        return np.mean([model.decision_function(view) for view in vectors], axis=0).astype(np.float32)

    fold = stratified_folds(noisy_labels, most_folds(noisy_labels, FOLDS), originals.seed, images)
    scores = np.empty(len(images), np.float32)
    for number in range(fold.max() + 1):
        held = fold == number
        scores[held] = score(fitted(~held), [view[held] for view in vectors])

    @functools.cache
    def whole() -> BaseEstimator:
        return fitted(np.full(len(images), True))

    return Witness(scores, lambda others: score(whole(), views(check_images(others, images.shape[1:]))))


def voting(originals: Originals, vectors: Vectors) -> Witness:
    """Returns the votes of groups of alike vectors as a witness; arguments and errors are those of `votes_of`."""
    votes = votes_of(originals, vectors)

    def score_others(others: np.ndarray) -> np.ndarray:
        return votes.of_others(vectors(check_images(others, originals.images.shape[1:]))).astype(np.float32)

    return Witness(votes.of_members.astype(np.float32), score_others)


def votes_of(originals: Originals, vectors: Vectors = digit_features) -> GroupVotes:
    """Returns the votes of groups of alike vectors, see `group_votes`.

    Args:
        originals: Images, labels and purities.
        vectors: Function of images to the vectors that are grouped.

    Raises:
        InputError: Without purities.
    """
    if originals.priors is None:
        raise InputError("Expected priors, the purities of the noisy labels, for a witness of groups; got None")
    equal = groups_of_equal_images(originals.images)
    known = originals.noisy_labels, equal, originals.priors, originals.seed
    return group_votes(vectors(originals.images), *known)


def _hog(originals: Originals) -> Witness:
    """An SVC on histograms of oriented gradients, with mirrored images: photographs keep their class."""
    if originals.images.shape[-1] == 1:
        raise InputError(f"Expected colour images for the witness hog, got shape {originals.images.shape}")
    return cross_fitted(originals, _mirrored_hog, SVC(C=0.3, class_weight="balanced"))


def _mirrored_hog(images: np.ndarray) -> list[np.ndarray]:
    return [hog_features(images), hog_features(images[:, :, ::-1])]


def _groups(originals: Originals) -> Witness:
    """The votes of groups of alike grey images."""
    return voting(originals, digit_features)


def _features(originals: Originals) -> Witness:
    """A balanced logistic regression; an unbalanced one falls to chance on small sets with unequal purities."""
    vectors = _unit_vectors(originals, "features")
    # Vectors of length 1 make C's meaning that of any features; a larger C memorises noisy labels.
    estimator = LogisticRegression(C=0.03, class_weight="balanced", max_iter=1000)
    return cross_fitted(originals, lambda images: [vectors(images)], estimator)


def _feature_groups(originals: Originals) -> Witness:
    """The votes of groups of alike features."""
    return voting(originals, _unit_vectors(originals, "feature-groups"))


def _unit_vectors(originals: Originals, name: str) -> Vectors:
    features = originals.features
    if features is None:
        raise InputError(f"Expected features, a function of images to vectors, for the witness {name}; got None")
    return lambda images: normalize(np.asarray(features(images)))


WITNESSES: dict[str, Callable[[Originals], Witness]] = {
    "hog": _hog,
    "groups": _groups,
    "features": _features,
    "feature-groups": _feature_groups,
}
