"""The step as one would first write it in Keras, from the paper's equations and nothing else in mind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

import nlgan_tf as nl

Step = Callable[[tf.Tensor, tf.Tensor], None]


def plain_step(
    model: nl.NLGAN,
    optimizers: Sequence[keras.optimizers.Optimizer],
    draw: Callable[[int], tf.Tensor],
    d_training: bool = True,
) -> Step:
    """A compiled step on the networks of a model: D called on each of its four minibatches, fresh noise and a second
    generator pass for D's step.

    Args:
        model: gives the networks, priors, alpha and beta.
        optimizers: of D, G_P and G_N.
        draw: z for generator 0 (G_P) or 1 (G_N).
        d_training: whether D's dropout and power iteration run in its own step.

    Returns:
        A function of noisy positives and noisy negatives in [-1, 1].
    """
    priors, discriminator = model.priors, model.discriminator
    generators = model.positive_generator, model.negative_generator

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
    """The step on one batch, with Keras's own Adam."""
    half = batch // 2
    step = plain_step(
        model,
        [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(3)],
        lambda generator: tf.random.uniform((half, model.latent_dim), -1.0, 1.0),
    )
    shape = (half, *model.discriminator.input_shape[1:])
    rng = np.random.default_rng(0)
    real_p, real_n = (tf.constant(rng.uniform(-1, 1, shape), tf.float32) for _ in range(2))
    return lambda: step(real_p, real_n)
