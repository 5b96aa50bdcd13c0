"""Stage one on arrays: what is accepted, batches, and the training that survives and is watched."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from scipy.special import expit

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.data.checks import check_labels, check_training_images
from nlgan_tf.data.noise import NoisePriors, check_priors
from nlgan_tf.data.task import check_task_shape
from nlgan_tf.figures.samples import tile
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.watch import TrainingWatch
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.training.fit import fit
from nlgan_tf.training.survival import Survival
from nlgan_tf.training.tensorboard import Shown

# Grid of drawn images of a class, and about how many originals D is applied to, for TensorBoard.
ROWS, COLUMNS = 4, 8
JUDGED = 1000


def check_training_set(
    images: ArrayLike, noisy_labels: ArrayLike, priors: NoisePriors | str
) -> tuple[np.ndarray, np.ndarray, NoisePriors | str]:
    """Returns images, noisy labels and their purities as the stages take them.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c), with h and w divisible by 4 and c 1 or 3.
        noisy_labels: Labels, 1 or 0, shape (n,).
        priors: Purities of the noisy labels, or "estimate".

    Raises:
        InputError: For others.
    """
    images = check_training_images(images)
    check_task_shape(images.shape[1:])
    return images, check_labels(noisy_labels, length=len(images)), check_priors(priors)


def stage_one_batches(
    images: np.ndarray, noisy_labels: np.ndarray, config: StageOneConfig, seed: int = 0
) -> tf.data.Dataset:
    """One epoch of stage one, in the order of its first epoch."""
    return noisy_dataset(images, noisy_labels, config.batch_size, config.samples_per_epoch, seed)


def train_stage_one(
    model: keras.Model,
    images: np.ndarray,
    noisy_labels: np.ndarray,
    config: StageOneConfig,
    seed: int = 0,
    *,
    survival: Survival | None = None,
    history: Path | None = None,
    name: str = "stage_one",
    verbose: int | str = 0,
) -> list[dict[str, Any]]:
    """Trains an NLGAN with known priors on noisy labels, watched for collapse and memorisation.

    Args:
        model: Compiled NLGAN.
        images, noisy_labels: Training set.
        config: Epochs and batches.
        seed: Seed of the batches' order.
        survival: Checkpoints and signals of the training; by default nothing is saved.
        history: CSV file, a row an epoch.
        name: Name of the training among the checkpoints.
        verbose: Verbosity, as in `keras.Model.fit`.

    Returns:
        The rows of the history.

    Raises:
        NonFiniteError: If training diverged.
    """

    def batches() -> tf.data.Dataset:
        return stage_one_batches(images, noisy_labels, config, seed)

    watch, show = TrainingWatch(images, noisy_labels), functools.partial(shown, model, images, noisy_labels)
    return fit(model, batches, config.epochs, survival or Survival(), name, watch, history, verbose, show)


def shown(model: NLGAN, images: np.ndarray, noisy_labels: np.ndarray) -> Shown:
    """Returns what TensorBoard shows of stage one: drawn images of both classes, and D's outputs on the originals.

    Args:
        model: NLGAN.
        images, noisy_labels: Training set, of which some hundred images are shown to D.
    """
    drawn, classes = model.hallucinate(2 * ROWS * COLUMNS)
    some = slice(None, None, math.ceil(len(images) / JUDGED))
    outputs = expit(predict_logits(model.judging_discriminator(), images[some])[:, 0])
    letters = {1: "p", 0: "n"}
    return Shown(
        {f"drawn_{letter}": tile(drawn[classes == label], ROWS, COLUMNS) for label, letter in letters.items()},
        {f"d_outputs_noisy_{letter}": outputs[noisy_labels[some] == label] for label, letter in letters.items()},
    )
