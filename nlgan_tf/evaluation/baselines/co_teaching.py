"""Co-teaching (Han et al. 2018): two networks, each choosing the images that the other learns from."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import apply_gradients, keras
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.checks import check_training_images
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.evaluation.baselines.cnn import BATCH_SIZE, ImagePredictor, cross_entropy
from nlgan_tf.networks.classifier import build_classifier
from nlgan_tf.training.optimizers import FusedAdam

RAMP_EPOCHS = 10


class CoTeaching(ImagePredictor):
    """Two networks, each of which passes the share R(t) of a batch with the smallest losses to the other.

    Predictions are the first network's.

    Args:
        config: Width, epochs and learning rate of the classifiers.
        priors: Purities of the noisy labels.
        seed: Seed of both networks and the order.
    """

    def __init__(self, config: StageTwoConfig, priors: NoisePriors, seed: int = 0) -> None:
        self.config = config
        self.priors = priors
        self.seed = seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> CoTeaching:
        """Trains two fresh networks on images X, shape (n, h, w, c), and noisy labels y, 0 or 1, shape (n,).

        Raises:
            InputError: For other images or labels.
        """
        X = check_training_images(X)
        batches = noisy_dataset(X, y, BATCH_SIZE, max(BATCH_SIZE, len(X)), self.seed)
        networks = [build_classifier(X.shape[1:], self.config.width, seed=2 * self.seed + k) for k in range(2)]
        optimizers = [FusedAdam(self.config.learning_rate) for _ in networks]
        for network, optimizer in zip(networks, optimizers, strict=True):
            optimizer.build(network.trainable_variables)
        step = tf.function(
            lambda images, labels, kept: exchange_step(networks, optimizers, images, labels, kept), autograph=False
        )
        for epoch in range(1, self.config.epochs + 1):
            kept = tf.constant(kept_share(self.priors, epoch), tf.float32)
            for images, labels in batches:
                step(to_network_range(images), tf.cast(labels, tf.float32)[:, tf.newaxis], kept)
        self.network_, self.classes_ = networks[0], np.array([0, 1])
        return self


def kept_share(priors: NoisePriors, epoch: int) -> float:
    """Returns R(t) = 1 - (noise rate) min(t / 10, 1) in epoch t, from 1 on (algorithm 1 of the source).

    Batches have as many images of either noisy class, so that their noise rate is 1 - (pi_p + pi_n) / 2.
    """
    noise_rate = 1 - (priors.pi_p + priors.pi_n) / 2
    return 1 - noise_rate * min(epoch / RAMP_EPOCHS, 1)


def exchange_step(
    networks: list[keras.Model],
    optimizers: list[keras.optimizers.Optimizer],
    images: tf.Tensor,
    labels: tf.Tensor,
    kept: tf.Tensor,
) -> None:
    """One step of both networks on images in [-1, 1] and labels, shape (n, 1); each learns what the other chose."""
    count = tf.cast(tf.math.ceil(kept * tf.cast(tf.shape(images)[0], tf.float32)), tf.int32)
    with tf.GradientTape(persistent=True) as tape:
        losses = [cross_entropy(labels, network(images, training=True))[:, 0] for network in networks]
        chosen = [tf.math.top_k(-loss, count).indices for loss in losses]
        taught = [tf.reduce_mean(tf.gather(losses[k], chosen[1 - k])) for k in range(2)]
    for network, optimizer, loss in zip(networks, optimizers, taught, strict=True):
        variables = network.trainable_variables
        apply_gradients(optimizer, tape.gradient(loss, variables), variables)
