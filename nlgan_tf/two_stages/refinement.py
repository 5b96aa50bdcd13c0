"""The refinement of the generators on arrays, between both stages."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUTO, CRITIC_FOR, StageOneConfig, policy_for
from nlgan_tf.data.batches import judged_batches
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import refinement_augmentation
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.refinement import Refinement
from nlgan_tf.gan.trunk_and_head import SplitDiscriminator
from nlgan_tf.networks.critic import build_critic, with_realness
from nlgan_tf.training.averaging import assign_weights
from nlgan_tf.training.fit import fit
from nlgan_tf.training.precision import computing_in, float32_copy
from nlgan_tf.training.survival import Survival
from nlgan_tf.two_stages.stage_one import shown

NAME = "refinement"
DESCRIPTION = "Refining G_P and G_N on the originals, each weighted by how likely its class is"
# Of Adam, for a copy of D, which knows the classes already, and for a fresh critic.
ADAM = {
    "copy": {"learning_rate": 5e-4, "beta_1": 0.5, "beta_2": 0.99},
    "own": {"learning_rate": 2e-4, "beta_1": 0.0, "beta_2": 0.99},
}
# D's features have passed a spectrally normalised FC layer more.
COPY_SCALE = 3.0


def refine_generators(
    model: NLGAN,
    images: np.ndarray,
    noisy_labels: np.ndarray,
    posterior: np.ndarray,
    config: StageOneConfig,
    seed: int = 0,
    *,
    survival: Survival | None = None,
    verbose: int | str = 0,
) -> list[dict[str, Any]]:
    """Trains the generators of an NLGAN further, in place, for `refine_epochs`; its D stays as it is.

    Args:
        model: NLGAN after stage one, with known priors.
        images, noisy_labels: All training images, shape (n, h, w, c), and their labels, 0 or 1, shape (n,).
        posterior: P(truly positive) of each image, shape (n,).
        config: Epochs, batches, augmentation, critic and width.
        seed: Seed of the batches' order.
        survival: Checkpoints and signals of the training; by default nothing is saved.
        verbose: Verbosity, as in `keras.Model.fit`.

    Returns:
        The record of the losses, a row an epoch.

    Raises:
        InputError: For priors that are to be estimated, or a D that has no copy to read R_P and R_N from.
        NonFiniteError: If training diverged.
    """
    kind = CRITIC_FOR[policy_for(images.shape[1:])] if config.critic == AUTO else config.critic
    critic = copied_critic(model) if kind == "copy" else own_critic(model, images.shape[1:], config.width)
    refinement = Refinement(model, critic, ADAM[kind], refinement_augmentation(config, images.shape[1:]))

    def batches() -> tf.data.Dataset:
        return judged_batches(images, noisy_labels, posterior, config.batch_size, config.samples_per_epoch, seed)

    show = functools.partial(shown, model, images, noisy_labels)
    return fit(refinement, batches, config.refine_epochs, survival or Survival(), NAME, verbose=verbose, show=show)


def copied_critic(model: NLGAN) -> keras.Model:
    """Returns a copy of the D that judges, up to its Dropout, in float32, with R_P and R_N on the copy's features.

    Raises:
        InputError: For a D without a hidden layer before a Dropout.
    """
    # A clone of the D that trains: one of the average would not be trainable. In bfloat16 the drawn images teach less.
    discriminator = float32_copy(keras.models.clone_model(model.discriminator))
    assign_weights(discriminator, model.judging_discriminator())
    trunk = SplitDiscriminator(discriminator).trunk
    features = getattr(trunk, "output", None)
    if features is None or len(features.shape) != 2 or trunk is discriminator:
        raise InputError(
            "Expected D to have a Dropout behind a hidden layer, where the critic begins, got a D without: critic=own "
            "works with any D, and refine_epochs=0 leaves the generators as stage one trained them"
        )
    return with_realness(trunk.inputs[0], features, COPY_SCALE)


def own_critic(model: NLGAN, image_shape: tuple[int, int, int], width: float) -> keras.Model:
    """Returns a fresh critic for a model's images, in the precision of the model's networks."""
    with computing_in(model.positive_generator.compute_dtype):
        return build_critic(image_shape, width, seed=model.seed)
