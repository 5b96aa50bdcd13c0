"""The training step as a first version in Keras, written from the paper's equations alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.networks import layers
from nlgan_tf.networks.spectral import ExactSpectralNormalization

Step = Callable[[tf.Tensor, tf.Tensor], None]


def plain_networks(model: nl.NLGAN) -> list[keras.Model]:
    """Returns D, G_P and G_N of a model in Keras's own layers, with the same weights.

    Keras has no layer that passes the gradient through sigma, so spectral normalisation is ours.
    """
    networks = []
    for network in (model.discriminator, model.positive_generator, model.negative_generator):
        clone = keras.models.clone_model(network, clone_function=_stock)
        clone.set_weights(network.get_weights())
        networks.append(clone)
    return networks


def _stock(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, ExactSpectralNormalization):
        return ExactSpectralNormalization(_stock(layer.layer), name=layer.name)
    kind = type(layer)
    if kind.__module__ == layers.__name__:
        kind = getattr(keras.layers, kind.__name__)
    return kind.from_config(layer.get_config())


def plain_step(
    model: nl.NLGAN,
    networks: Sequence[keras.Model],
    optimizers: Sequence[keras.optimizers.Optimizer],
    draw: Callable[[int], tf.Tensor],
    d_training: bool = True,
) -> Step:
    """Returns a compiled step: four calls of D, and fresh noise and a second generator pass for D's step.

    Args:
        model: Model whose priors, alpha and beta the step uses.
        networks: Networks D, G_P and G_N.
        optimizers: Optimizers of D, G_P and G_N.
        draw: Function that returns z for generator 0 (G_P) or 1 (G_N).
        d_training: Whether D's dropout and power iteration run in D's step.

    Returns:
        A function of noisy positives and noisy negatives in [-1, 1].
    """
    priors, (discriminator, *generators) = model.priors, networks

    @tf.function
    def step(real_p: tf.Tensor, real_n: tf.Tensor) -> None:
        for index, delta in enumerate((priors.delta_p, priors.delta_n)):
            with tf.GradientTape() as tape:
                fake = generators[index](draw(index), training=True)
                loss = nl.losses.generator_loss(discriminator(fake, training=False), delta)
            weights = generators[index].trainable_variables
            optimizers[1 + index].apply(tape.gradient(loss, weights), weights)
        fakes = [generator(draw(index), training=True) for index, generator in enumerate(generators)]
        with tf.GradientTape() as tape:
            logits = [discriminator(images, training=d_training) for images in (real_p, real_n, *fakes)]
            loss = nl.losses.discriminator_loss(*logits, alpha=model.alpha, beta=model.beta)
        weights = discriminator.trainable_variables
        optimizers[0].apply(tape.gradient(loss, weights), weights)

    return step


def plain_keras_step(model: nl.NLGAN, batch: int) -> Callable[[], None]:
    """Returns the step on one batch, with Keras's own layers and Adam."""
    half = batch // 2
    step = plain_step(
        model,
        plain_networks(model),
        [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(3)],
        lambda generator: tf.random.uniform((half, model.latent_dim), -1.0, 1.0),
    )
    shape = (half, *model.discriminator.input_shape[1:])
    rng = np.random.default_rng(0)
    real_p, real_n = (tf.constant(rng.uniform(-1, 1, shape), tf.float32) for _ in range(2))
    return lambda: step(real_p, real_n)
