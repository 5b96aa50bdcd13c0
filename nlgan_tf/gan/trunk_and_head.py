"""D in two parts, so that the layers before dropout run once a step."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import draws_at_random, keras
from nlgan_tf.training.replicas import batch_norms


class SplitDiscriminator:
    """A view of D as `head(trunk(images))`, the head starting at D's first Dropout; the weights are D's own.

    Dropout is off for the generators' losses and on for D's own (section 2.2.3 of the paper): the trunk, which does
    nearly all of the work, returns the same features for both. Without a Dropout all of D is trunk; where D cannot be
    cut (a subclassed model, a skip past the cut, batch norm or noise before the cut) all of D is head.

    Args:
        discriminator: D, images -> logits (n, 1).
    """

    def __init__(self, discriminator: keras.Model) -> None:
        self.trunk, self.head = _split(discriminator)
        self._has_batch_norm = any(batch_norms(discriminator))

    def features(self, fake: tf.Tensor, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Features of generated and of real images in one training step, each image passing the trunk once."""
        # D's spectral state moves in the first call of each part; the second uses the same normalised weights.
        real_features = self.trunk(real, training=True)
        return self.trunk(fake, training=False), real_features

    def step_logits(
        self,
        fake_features: tf.Tensor,
        real_features: tf.Tensor,
        generator_labels: list[int],
        positive: tf.Tensor,
        generator_dropout: bool,
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """All logits of one training step.

        Args:
            fake_features: Features of generated images, equally many of each generator, one generator after the other.
            real_features: Features of the images of the batch.
            generator_labels: Label of each generator, 1 or 0.
            positive: Which real images are labelled positive, bool, shape (n,).
            generator_dropout: Whether D's dropout is on for the generators' losses.

        Returns:
            For D's loss, dropout on: the logits of noisy positives, noisy negatives, generated positives and generated
            negatives. For the generators' losses: the logits of each generator's images.
        """
        share = tf.shape(fake_features)[0] // len(generator_labels)
        generated = tf.repeat([1 - label for label in generator_labels], share)
        minibatches = tf.concat([generated, tf.where(positive, 2, 3)], axis=0)
        features = tf.concat([fake_features, real_features], axis=0)
        fake_p, fake_n, noisy_p, noisy_n = self.logits(features, minibatches, count=4, training=True)
        for_generators = tf.split(self.head(fake_features, training=generator_dropout), len(generator_labels))
        return [noisy_p, noisy_n, fake_p, fake_n], for_generators

    def logits(self, features: tf.Tensor, minibatches: tf.Tensor, count: int, training: bool) -> list[tf.Tensor]:
        """D's logits on each of several minibatches, in one call.

        A D with batch norm is called on each minibatch, so that the distributions do not share statistics; then no
        minibatch may be empty.

        Args:
            features: Features of the trunk, of all minibatches together.
            minibatches: Number of each row's minibatch, int, from 0 to count - 1.
            count: Number of minibatches.
            training: Whether dropout is on.
        """
        members = [minibatches == number for number in range(count)]
        if self._has_batch_norm:
            return [self.head(tf.boolean_mask(features, mask), training=training) for mask in members]
        logits = self.head(features, training=training)
        return [tf.boolean_mask(logits, mask) for mask in members]


def _split(discriminator: keras.Model):
    if getattr(discriminator, "inputs", None) is None:
        return _identity, discriminator
    layers = discriminator.layers
    dropout = next((layer for layer in layers if isinstance(layer, keras.layers.Dropout)), None)
    trunk_layers = layers if dropout is None else layers[: layers.index(dropout)]
    if any(_depends_on_mode(layer) for layer in trunk_layers):
        return _identity, discriminator
    if dropout is None:
        return discriminator, _identity
    try:
        return (
            keras.Model(discriminator.inputs, dropout.input, name="trunk"),
            keras.Model(dropout.input, discriminator.outputs, name="head"),
        )
    except ValueError:  # Keras finds the graph disconnected: a layer past the cut needs one before the cut.
        return _identity, discriminator


def _depends_on_mode(layer: keras.layers.Layer) -> bool:
    """Whether the layer may compute something else in training: batch statistics, noise, or a nested model."""
    return isinstance(layer, keras.layers.BatchNormalization | keras.Model) or draws_at_random(layer)


def _identity(x, training: bool = False):
    return x
