"""The refinement of the generators on arrays, between both stages."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from nlgan_tf.config import StageOneConfig
from nlgan_tf.data.batches import judged_batches
from nlgan_tf.gan.augment import refinement_augmentation
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.refinement import Refinement
from nlgan_tf.training.fit import fit
from nlgan_tf.training.survival import Survival
from nlgan_tf.two_stages.stage_one import shown

NAME = "refinement"
DESCRIPTION = "Refining G_P and G_N on the originals, each weighted by how likely its class is"


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
        config: Epochs, batches and augmentation.
        seed: Seed of the batches' order.
        survival: How the training survives a kill; by default nothing is saved.
        verbose: As in `keras.Model.fit`.

    Returns:
        The record of the losses, a row an epoch.

    Raises:
        InputError: For a model that `Refinement` does not accept.
        NonFiniteError: If training diverged.
    """
    refinement = Refinement(model, refinement_augmentation(config, images.shape[1:]))

    def batches() -> tf.data.Dataset:
        return judged_batches(images, noisy_labels, posterior, config.batch_size, config.samples_per_epoch, seed)

    show = functools.partial(shown, model, images, noisy_labels)
    return fit(refinement, batches, config.refine_epochs, survival or Survival(), NAME, verbose=verbose, show=show)
