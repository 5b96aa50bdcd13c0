"""The conditional DCGANs that the paper's method descends from, with the layers of the paper's own networks."""

from __future__ import annotations

from nlgan_tf.config import StageOneConfig
from nlgan_tf.gan.conditional import ConditionalGAN
from nlgan_tf.networks.dcgan import build_discriminator, build_generator
from nlgan_tf.networks.shapes import default_levels
from nlgan_tf.optimizers import FusedAdam

# DCGAN's own, of both networks.
LEARNING_RATE = 2e-4


def build_conditional_dcgan(
    image_shape: tuple[int, int, int], config: StageOneConfig, spectral_norm: bool, seed: int = 0
) -> ConditionalGAN:
    """A compiled conditional DCGAN (Radford et al. 2016; labels as Mirza & Osindero 2014), trained by eq. (1).

    Its D has no dropout, and both learning rates stay at DCGAN's 2e-4.

    Args:
        image_shape: (h, w, c).
        config: width, kernel size and latent distribution.
        spectral_norm: in D in place of DCGAN's batch norm, on the layers that `config` names.
        seed: of initial weights and z.

    Raises:
        ValueError: for a shape that is not accepted.
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
