"""What stage two's network gives from the noisy labels themselves, without stage one."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from sklearn.model_selection import train_test_split

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.checks import check_labels, check_training_images
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.evaluation.baselines.cnn import ImagePredictor
from nlgan_tf.evaluation.baselines.robust import forward_corrected
from nlgan_tf.gan.augment import stage_two_augmentation
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.stage_two import logit_function, network_for, network_inputs, train_on_stream
from nlgan_tf.training.optimizers import FusedAdam
from nlgan_tf.training.signals import StopSignals
from nlgan_tf.training.survival import Survival

HELD_OUT = 0.2


class WithoutGan(ImagePredictor):
    """Stage two's network, schedule and augmentation on the noisy labels, with forward correction.

    Args:
        config: Configuration of stage two.
        priors: Purities of the noisy labels.
        seed: Seed of weights, dropout, order and augmentation.
        signals: Signals at which `fit` ends, after a step.
    """

    def __init__(
        self, config: StageTwoConfig, priors: NoisePriors, seed: int = 0, signals: StopSignals | None = None
    ) -> None:
        self.config = config
        self.priors = priors
        self.seed = seed
        self.signals = signals or StopSignals()

    def fit(self, X: np.ndarray, y: np.ndarray) -> WithoutGan:
        """Trains a fresh network on images X, shape (n, h, w, c), and labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other images or labels.
            Stopped: At a signal.
        """
        X, config = check_training_images(X), self.config
        self.network_ = train_on_stream(
            lambda: noisy_dataset(X, y, config.batch_size, config.samples_per_epoch, self.seed),
            X.shape[1:],
            config,
            self.seed,
            verbose=0,
            survival=Survival(signals=self.signals),
            augment=stage_two_augmentation(config, X.shape[1:]),
            loss=forward_corrected(self.priors),
        )
        self.classes_ = np.array([0, 1])
        return self


class EarlyStopped(ImagePredictor):
    """Stage two's network and augmentation on the noisy labels, with the weights of the best epoch.

    The best epoch has the least loss on held-out noisy labels, both classes weighing equally.

    Args:
        config: Configuration of stage two; the learning rate is constant.
        seed: Seed of weights, dropout, order, augmentation and of the images that are held out.
        signals: Signals at which `fit` ends, after an epoch.

    Attributes after `fit`:
        epoch_: Best epoch, from 1 on.
    """

    def __init__(self, config: StageTwoConfig, seed: int = 0, signals: StopSignals | None = None) -> None:
        self.config = config
        self.seed = seed
        self.signals = signals or StopSignals()

    def fit(self, X: np.ndarray, y: np.ndarray) -> EarlyStopped:
        """Trains a fresh network on images X, shape (n, h, w, c), and labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other images or labels.
            Stopped: At a signal.
        """
        X, config = check_training_images(X), self.config
        y = check_labels(y, len(X), minimum_per_class=3)
        images, held_images, labels, held_labels = train_test_split(
            X, y, test_size=HELD_OUT, stratify=y, random_state=self.seed
        )
        network = network_for(config, X.shape[1:])
        self.network_ = build_classifier(X.shape[1:], config.width, network=network, seed=self.seed)
        self.network_.compile(FusedAdam(config.learning_rate), keras.losses.BinaryCrossentropy(from_logits=True))
        batches = noisy_dataset(images, labels, config.batch_size, config.samples_per_epoch, self.seed)
        inputs = network_inputs(batches, stage_two_augmentation(config, X.shape[1:]), self.seed)
        logits = logit_function(self.network_, held_images)
        least, best = np.inf, self.network_.get_weights()
        for epoch in range(config.epochs):
            self.signals.check()
            self.network_.fit(inputs, initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=0)
            loss = _balanced_loss(logits(held_images)[:, 0], held_labels)
            if loss < least:
                least, best, self.epoch_ = loss, self.network_.get_weights(), epoch + 1
        self.network_.set_weights(best)
        self.classes_ = np.array([0, 1])
        return self


def _balanced_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels.astype(np.float32), logits=logits).numpy()
    return float(np.mean([losses[labels == label].mean() for label in (0, 1)]))
