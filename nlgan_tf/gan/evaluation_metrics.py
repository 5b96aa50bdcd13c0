"""What an evaluation reports: the loss of eq. (2) and the accuracies, over all images whatever the batches."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf import losses
from nlgan_tf.compat.keras import keras
from nlgan_tf.gan.labels import agreement, is_positive, noisy_labels
from nlgan_tf.training import replicas

ACCURACIES = ("noisy_accuracy", "clean_accuracy")
# The terms of eq. (2), with the target of D's output on each noisy label.
TERMS = {"noisy_p_loss": 0.0, "noisy_n_loss": 1.0}
LOSS = "noisy_loss"


class EvaluationMetrics:
    """Means over all images that are evaluated.

    `loss` is eq. (2): the mean of H over the images labelled positive plus the mean over those labelled negative. A
    label without an image adds 0. Neither the batch size nor the order of the images changes a mean.

    Attributes:
        means: One `keras.metrics.Mean` for each accuracy, each term of the loss, and the loss.
    """

    def __init__(self) -> None:
        self.means = {name: keras.metrics.Mean(name=name) for name in (*ACCURACIES, *TERMS, LOSS)}

    def update(
        self, logits: tf.Tensor, positive: tf.Tensor, labels: tf.Tensor | dict[str, tf.Tensor], metric: str
    ) -> dict[str, tf.Tensor]:
        """Adds one batch.

        Args:
            logits: D's logits, shape (n,).
            positive: Which images the model takes for positive, bool, shape (n,).
            labels: Noisy labels, shape (n,), or {"noisy": ..., "clean": ...}.
            metric: Name of H, "bce" or "mse".

        Returns:
            `loss`, `noisy_accuracy` and, where clean labels are given, `clean_accuracy` of all batches so far.
        """
        given = {"noisy_accuracy": noisy_labels(labels)}
        if isinstance(labels, dict) and "clean" in labels:
            given["clean_accuracy"] = labels["clean"]
        for name, its_labels in given.items():
            correct = agreement(positive, its_labels)
            _add(self.means[name], correct, tf.ones_like(correct))
        labelled = is_positive(noisy_labels(labels))
        for (name, target), members in zip(TERMS.items(), (labelled, ~labelled), strict=True):
            _add(self.means[name], losses.h(logits, target, metric), tf.cast(members, tf.float32))
        # A metric's result, which Keras takes from several replicas once; of other tensors Keras 2.15 takes the sum.
        self.means[LOSS].reset_state()
        self.means[LOSS].update_state(tf.add_n([self.means[name].result() for name in TERMS]))
        return {"loss": self.means[LOSS].result(), **{name: self.means[name].result() for name in given}}


def _add(mean: keras.metrics.Mean, values: tf.Tensor, weights: tf.Tensor) -> None:
    """Adds a batch to a mean, from all replicas: within a step a replica reads its own sums alone."""
    if replicas.count() > 1:
        total, weights = replicas.total([tf.reduce_sum(values * weights), tf.reduce_sum(weights)])
        values = tf.math.divide_no_nan(total, weights)
    mean.update_state(values, weights)
