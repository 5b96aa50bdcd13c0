"""The stage-two classifier as a scikit-learn estimator on images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import compute_sample_weight

from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.stage_two import predict_logits, train_classifier
from nlgan_tf.training.optimizers import FusedAdam

# Of the tutorial that the classifier comes from; the 128 of stage two would be less than one batch of 100 images.
BATCH_SIZE = 50
# loss(labels, logits), both shape (n, 1), gives the losses, shape (n, 1).
Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """H(p, s), the losses of a plain classifier."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)


class ImagePredictor(ClassifierMixin, BaseEstimator):
    """What a fitted network gives: labels and probabilities. Subclasses set `network_` in `fit`."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Labels, int, shape (n,), of public images, shape (n, h, w, c)."""
        return (predict_logits(self.network_, images)[:, 0] > 0).astype(np.int64)

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Probabilities of labels 0 and 1, float64, shape (n, 2), of public images, shape (n, h, w, c)."""
        positive = 1 / (1 + np.exp(-predict_logits(self.network_, images).astype(np.float64)))
        return np.concatenate([1 - positive, positive], axis=1)


class CNNClassifier(ImagePredictor):
    """The stage-two classifier on images as they are: an epoch sees each once, in batches of 50.

    Classes weigh equally, whatever their sizes, unless `fit` is given weights.

    Args:
        config: its width, epochs and learning rate; the rest of it belongs to upsampled training.
        loss: of labels and logits.
        seed: of weights, dropout and order.
    """

    def __init__(self, config: StageTwoConfig, loss: Loss = cross_entropy, seed: int = 0) -> None:
        self.config = config
        self.loss = loss
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> CNNClassifier:
        """Trains a fresh network.

        Args:
            X: public images, shape (n, h, w, c).
            y: labels, 0 or 1, shape (n,).
            sample_weight: shape (n,); by default both classes weigh equally.

        Raises:
            ValueError: for other images or labels.
        """
        X, y = check_images(X), check_labels(y, len(X), minimum_per_class=1)
        weights = compute_sample_weight("balanced", y) if sample_weight is None else sample_weight
        labels, weights = (np.asarray(values, np.float32)[:, np.newaxis] for values in (y, weights))
        rows = tf.data.Dataset.from_tensor_slices((X, labels, weights)).shuffle(len(X), seed=self.seed)
        self.network_ = build_classifier(X.shape[1:], self.config.width, seed=self.seed)
        self.network_.compile(FusedAdam(self.config.learning_rate), self.loss)
        batches = rows.batch(BATCH_SIZE).map(lambda images, *targets: (to_network_range(images), *targets))
        self.network_.fit(batches.prefetch(2), epochs=self.config.epochs, shuffle=False, verbose=0)
        self.classes_ = np.array([0, 1])
        return self


class UpsampledClassifier(ImagePredictor):
    """The stage-two classifier as stage two trains it: small sets repeat up to 10,000 images an epoch.

    Args:
        config: of the classifier and its training.
        seed: of weights, dropout and order.
    """

    def __init__(self, config: StageTwoConfig, seed: int = 0) -> None:
        self.config = config
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> UpsampledClassifier:
        """Trains a fresh network on public images X, shape (n, h, w, c), and labels y, 0 or 1, shape (n,).

        Raises:
            ValueError: for other images or labels.
        """
        self.network_ = train_classifier(X, y, self.config, self.seed)
        self.classes_ = np.array([0, 1])
        return self
