"""The paper's ancestors: one conditional GAN, trained on the noisy labels as if they were right, by eq. (1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nlgan_tf import losses
from nlgan_tf.compat.keras import Model, apply_gradients, keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.data.pixels import row_batches, to_network_range, to_public_range
from nlgan_tf.gan.latent import draw_latent
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator
from nlgan_tf.networks.shapes import default_levels
from nlgan_tf.training.optimizers import FusedAdam


class ConditionalGAN(Model):
    """A GAN whose G draws images of a given label, and whose D tells them from real images with that label.

    Here D follows the plain GAN: 1 on real and 0 on generated images.
    Differs from the paper: G minimises E[H(D(G(z)), 1)], as DCGAN does, since eq. (1)'s own term saturates.

    Args:
        discriminator: Network D: images in [-1, 1] with one more channel, the label's, -> logits (n, 1).
        generator: Network G: z with one more value, the label's, -> images in [-1, 1]. Labels are 1 and -1 to both.
        latent: Distribution of z: "uniform" in (-1, 1), or "normal".
        seed: Seed of z.
    """

    def __init__(
        self, discriminator: keras.Model, generator: keras.Model, latent: str = "uniform", seed: int = 0, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.discriminator = discriminator
        self.generator = generator
        self.latent = latent
        self.seed = seed
        self.step = self.add_weight(name="step", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self._means = [keras.metrics.Mean(name=name) for name in ("loss", "d_loss", "g_loss")]
        self.built = True

    def compile(self, d_optimizer: keras.optimizers.Optimizer, g_optimizer: keras.optimizers.Optimizer) -> None:
        """Sets the optimizer of each network."""
        super().compile(optimizer=None)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        d_optimizer.build(self.discriminator.trainable_variables)
        g_optimizer.build(self.generator.trainable_variables)

    def train_step(self, data: tuple) -> dict[str, tf.Tensor]:
        """Updates each network once, on real images with noisy labels and as many generated images."""
        images, labels = data[:2]
        seed = tf.stack([tf.constant(self.seed, tf.int64), tf.convert_to_tensor(self.step)])
        with tf.GradientTape(persistent=True) as tape:
            fake_logits = self._judge(self._generate(labels, seed, training=True), labels)
            real_logits = self._judge(to_network_range(images), labels)
            d_loss = -losses.gan_value(real_logits, fake_logits)
            g_loss = losses.expected_h(fake_logits, 1.0)
        for network, optimizer, loss in (
            (self.discriminator, self.d_optimizer, d_loss),
            (self.generator, self.g_optimizer, g_loss),
        ):
            variables = network.trainable_variables
            apply_gradients(optimizer, tape.gradient(loss, variables), variables)
        self.step.assign_add(1)
        for mean, value in zip(self._means, (d_loss + g_loss, d_loss, g_loss), strict=True):
            mean.update_state(value)
        return {mean.name: mean.result() for mean in self._means}

    def _generate(self, labels: tf.Tensor, seed: tf.Tensor | tuple[int, int], training: bool) -> tf.Tensor:
        z = draw_latent(tf.shape(labels)[0], self.generator.input_shape[-1] - 1, self.latent, seed)
        return self.generator(tf.concat([z, _signed(labels)[:, tf.newaxis]], axis=1), training=training)

    def _judge(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        plane = tf.ones_like(images[..., :1]) * _signed(labels)[:, tf.newaxis, tf.newaxis, tf.newaxis]
        return self.discriminator(tf.concat([images, plane], axis=-1), training=True)

    def hallucinate(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Returns uint8 images, the first ceil(n / 2) positive, and int64 labels, as `NLGAN.hallucinate` does."""
        labels = np.repeat([1, 0], [(n + 1) // 2, n // 2])
        batches = (
            self._generate(tf.constant(batch), (seed, number), training=False)
            for number, batch in enumerate(row_batches(labels))
        )
        return np.concatenate([to_public_range(images) for images in batches]), labels

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return self._means


def _signed(labels: tf.Tensor) -> tf.Tensor:
    return 2 * tf.cast(labels, tf.float32) - 1


# DCGAN's own rate, for both networks.
LEARNING_RATE = 2e-4


def build_conditional_dcgan(
    image_shape: tuple[int, int, int], config: StageOneConfig, spectral_norm: bool, seed: int = 0
) -> ConditionalGAN:
    """Returns a compiled conditional DCGAN (Radford et al. 2016; labels as Mirza & Osindero 2014), trained by eq. (1).

    D has no dropout, and both learning rates are DCGAN's constant 2e-4.

    Args:
        image_shape: Shape (h, w, c) of an image.
        config: Settings, of which width, kernel size, latent distribution and layers of norms are used.
        spectral_norm: Whether D has spectral norm, on the layers that `config` names, in place of DCGAN's batch norm.
        seed: Seed of initial weights and z.

    Raises:
        InputError: For a shape that is not accepted.
    """
    height, breadth, channels = image_shape
    levels = default_levels(image_shape)
    discriminator = build_discriminator(
        (height, breadth, channels + 1),
        "exact" if spectral_norm else None,
        dropout=0.0,
        width=config.width,
        spectral_layers=config.spectral_layers,
        batch_norm=not spectral_norm,
        levels=levels,
        seed=2 * seed,
    )
    generator = build_generator(
        image_shape,
        latent_dim=101,
        width=config.width,
        kernel_size=config.kernel_size,
        batch_norm=config.batch_norm,
        levels=levels,
        seed=2 * seed + 1,
    )
    model = ConditionalGAN(discriminator, generator, config.latent, seed)
    model.compile(*(FusedAdam(LEARNING_RATE, beta_1=0.5) for _ in range(2)))
    return model


# Methods of the grid that are no variant of NL-GAN and draw images too: builders by (image shape, settings, seed).
ANCESTORS: dict[str, Callable[[tuple[int, int, int], StageOneConfig, int], ConditionalGAN]] = {
    "conditional-dcgan": lambda shape, config, seed: build_conditional_dcgan(shape, config, False, seed),
    "conditional-dcgan-sn": lambda shape, config, seed: build_conditional_dcgan(shape, config, True, seed),
}
