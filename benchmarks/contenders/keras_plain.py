"""The step as one would first write it in Keras, from the paper's equations and nothing else in mind."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.config import RECIPES
from nlgan_tf.recipes import build_nlgan


def plain_keras_step(image_shape: tuple[int, int, int], priors: nl.NoisePriors, batch: int) -> Callable[[], None]:
    """A compiled step on the networks of recipe `paper`: D called on each of its four minibatches, fresh noise and a
    second generator pass for D's step, Keras's own Adam."""
    model = build_nlgan(image_shape, priors, RECIPES["paper"].stage_one)
    discriminator, generators = model.discriminator, (model.positive_generator, model.negative_generator)
    optimizers = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(3)]
    half = batch // 2

    def draw(training: bool) -> list[tf.Tensor]:
        return [g(tf.random.uniform((half, model.latent_dim), -1.0, 1.0), training=training) for g in generators]

    @tf.function
    def step(real_p: tf.Tensor, real_n: tf.Tensor) -> None:
        for generator, delta, optimizer in zip(
            generators, (priors.delta_p, priors.delta_n), optimizers[:2], strict=True
        ):
            with tf.GradientTape() as tape:
                fake = generator(tf.random.uniform((half, model.latent_dim), -1.0, 1.0), training=True)
                loss = nl.losses.generator_loss(discriminator(fake, training=False), delta)
            weights = generator.trainable_variables
            optimizer.apply(tape.gradient(loss, weights), weights)
        fakes = draw(training=True)
        with tf.GradientTape() as tape:
            logits = [discriminator(images, training=True) for images in (real_p, real_n, *fakes)]
            loss = nl.losses.discriminator_loss(*logits, alpha=5.0, beta=0.5)
        weights = discriminator.trainable_variables
        optimizers[2].apply(tape.gradient(loss, weights), weights)

    rng = np.random.default_rng(0)
    real_p, real_n = (tf.constant(rng.uniform(-1, 1, (half, *image_shape)), tf.float32) for _ in range(2))
    return lambda: step(real_p, real_n)
