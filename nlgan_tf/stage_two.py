"""Stage two (paper, section 2.2.2): a standard classifier, trained on any labelled images."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.checks import check_images
from nlgan_tf.data.pixels import map_rows, to_network_range
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.training.fit import Survival, fit
from nlgan_tf.training.optimizers import FusedAdam


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    config: StageTwoConfig,
    seed: int = 0,
    verbose: int | str = 0,
    survival: Survival | None = None,
    name: str = "classifier",
) -> keras.Model:
    """Trains a fresh stage-two classifier on balanced batches of the images.

    The number of steps, the optimizer and the batches' make-up depend on `config` alone, so that classifiers
    trained on different labels compare fairly.

    Args:
        images: uint8, or floats in [0, 255], shape (n, h, w, c).
        labels: 0 or 1, shape (n,).
        config: network and schedule.
        seed: of weights, dropout and order.
        verbose: as in `keras.Model.fit`.
        survival: where given, training is saved as it goes, and continued from there.
        name: of this training's checkpoints.

    Returns:
        The classifier: float32 images in [-1, 1] -> logits (n, 1), positive above 0.

    Raises:
        ValueError: for images or labels that `noisy_dataset` does not accept.
    """
    images = check_images(images)
    classifier = build_classifier(images.shape[1:], config.width, seed=seed)
    classifier.compile(
        optimizer=FusedAdam(config.learning_rate),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
    )
    # Built now: a checkpoint finds its slots, and the first step need not be traced twice.
    classifier.optimizer.build(classifier.trainable_variables)

    def inputs() -> tf.data.Dataset:
        dataset = noisy_dataset(images, labels, config.batch_size, config.samples_per_epoch, seed)
        return dataset.map(lambda batch, given: (to_network_range(batch), given[:, tf.newaxis])).prefetch(2)

    fit(classifier, inputs, config.epochs, survival or Survival(), name, verbose=verbose)
    return classifier


def predict_logits(classifier: keras.Model, images: np.ndarray) -> np.ndarray:
    """The classifier's logits for public images, shape (n, number of logits)."""
    return map_rows(lambda batch: classifier(to_network_range(batch), training=False), images)
