"""The stage-two classifier as a scikit-learn estimator of images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import compute_sample_weight

from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.checks import check_images, check_labels, check_training_images
from nlgan_tf.data.pixels import in_network_range
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.stage_two import predict_logits, train_classifier
from nlgan_tf.training.optimizers import FusedAdam

# Of the tutorial that the classifier comes from; the 128 of stage two would be less than one batch of 100 images.
BATCH_SIZE = 50
# loss(labels, logits), both of shape (n, 1), returns the losses, shape (n, 1).
Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Returns the losses of a plain classifier, shape (n, 1)."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)


class ImagePredictor(ClassifierMixin, BaseEstimator):
    """Labels and probabilities of a fitted network. Subclasses set `network_` in `fit`."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Returns labels, int, shape (n,), of images, uint8 or floats in [0, 255], shape (n, h, w, c)."""
        return (predict_logits(self.network_, check_images(images))[:, 0] > 0).astype(np.int64)

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Returns probabilities of labels 0 and 1, float64, shape (n, 2), of images as in `predict`."""
        positive = 1 / (1 + np.exp(-predict_logits(self.network_, check_images(images)).astype(np.float64)))
        return np.concatenate([1 - positive, positive], axis=1)


class CNNClassifier(ImagePredictor):
    """The stage-two classifier on images as they are: an epoch sees each once, in batches of 50.

    Classes weigh equally, whatever their sizes, unless `fit` is given weights.

    Args:
        config: Width, epochs and learning rate; its other settings belong to upsampled training.
        loss: Loss of labels and logits.
        seed: Seed of weights, dropout and order.
    """

    def __init__(self, config: StageTwoConfig, loss: Loss = cross_entropy, seed: int = 0) -> None:
        self.config = config
        self.loss = loss
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> CNNClassifier:
        """Trains a fresh network.

        Args:
            X: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
            y: Labels, 0 or 1, shape (n,).
            sample_weight: Weights, shape (n,); by default both classes weigh equally.

        Raises:
            InputError: For other images or labels.
        """
        X, y = check_training_images(X), check_labels(y, len(X), minimum_per_class=1)
        weights = compute_sample_weight("balanced", y) if sample_weight is None else sample_weight
        labels, weights = (np.asarray(values, np.float32)[:, np.newaxis] for values in (y, weights))
        rows = tf.data.Dataset.from_tensor_slices((X, labels, weights)).shuffle(len(X), seed=self.seed)
        self.network_ = build_classifier(X.shape[1:], self.config.width, seed=self.seed)
        self.network_.compile(FusedAdam(self.config.learning_rate), self.loss)
        batches = rows.batch(BATCH_SIZE).map(in_network_range)
        self.network_.fit(batches.prefetch(2), epochs=self.config.epochs, shuffle=False, verbose=0)
        self.classes_ = np.array([0, 1])
        return self


class UpsampledClassifier(ImagePredictor):
    """The stage-two classifier as stage two trains it: small sets repeat up to 10,000 images an epoch.

    Args:
        config: Configuration of the classifier and its training.
        seed: Seed of weights, dropout and order.
    """

    def __init__(self, config: StageTwoConfig, seed: int = 0) -> None:
        self.config = config
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> UpsampledClassifier:
        """Trains a fresh network on images X, shape (n, h, w, c), and labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other images or labels.
        """
        self.network_ = train_classifier(X, y, self.config, self.seed)
        self.classes_ = np.array([0, 1])
        return self
