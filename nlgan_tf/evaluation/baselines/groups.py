"""The votes of groups of alike images as a classifier: what the recipe's witness is worth without a network."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from nlgan_tf.data.checks import check_labels, check_training_images
from nlgan_tf.data.features import hog_features
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.networks.upright_hog import digit_features
from nlgan_tf.noise_rates.witnesses import WITNESSES, Originals, Vectors, voting


class GroupVotesClassifier(ClassifierMixin, BaseEstimator):
    """Classifies an image as most of its group's noisy labels say, see `noise_rates.group_votes`.

    Args:
        priors: Purities of the noisy labels.
        seed: Seed of the groupings.
        features: Function of images to vectors, which are grouped at length 1; None groups grey images by the features
            of digits, colour images by HOG.
    """

    def __init__(self, priors: NoisePriors, seed: int = 0, features: Vectors | None = None) -> None:
        self.priors = priors
        self.seed = seed
        self.features = features

    def fit(self, X: np.ndarray, y: np.ndarray) -> GroupVotesClassifier:
        """Groups images X, shape (n, h, w, c), by whose labels y, 0 or 1, shape (n,), the groups vote.

        Raises:
            InputError: For images or labels that are not accepted, grey images below 16 x 16 or colour ones below 24.
        """
        X = check_training_images(X)
        y = check_labels(y, len(X), name="noisy_labels")
        originals = Originals(X, y, self.features, self.priors, self.seed)
        own = digit_features if X.shape[-1] == 1 else hog_features
        self.witness_ = voting(originals, own) if self.features is None else WITNESSES["feature-groups"](originals)
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Returns labels 0 or 1, int64, shape (n,), of images, shape (n, h, w, c)."""
        return (self.witness_.score_others(X) > 0).astype(np.int64)
