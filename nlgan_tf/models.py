"""From a recipe to a compiled model, and from a file back to it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import RandomTranslation
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator
from nlgan_tf.recipes import RECIPES
from nlgan_tf.training.optimizers import FusedAdam


def build_nlgan(
    image_shape: tuple[int, int, int],
    priors: NoisePriors | str,
    recipe: str | StageOneConfig = "modern",
    seed: int = 0,
) -> NLGAN:
    """A compiled NLGAN.

    Args:
        image_shape: (h, w, c), h and w divisible by 4, or by 8 for colour images of three levels.
        priors: purities of the noisy labels, or "estimate".
        recipe: "literal", "paper", "modern", or a configuration of one's own.
        seed: of initial weights, z, dropout and augmentation.

    Raises:
        InputError: for an unknown recipe or a shape that does not fit.
    """
    config = _stage_one(recipe)
    # Every network its own stream: the two generators must not start as twins.
    d_seed, gp_seed, gn_seed = (3 * seed + offset for offset in range(3))
    generator = {
        "width": config.width,
        "kernel_size": config.kernel_size,
        "batch_norm": config.batch_norm,
        "attention": config.attention,
    }
    model = NLGAN(
        build_discriminator(
            image_shape,
            config.spectral_norm,
            config.dropout,
            config.width,
            spectral_layers=config.spectral_layers,
            batch_norm=config.d_batch_norm,
            attention=config.attention,
            seed=d_seed,
        ),
        build_generator(image_shape, **generator, seed=gp_seed, name="positive_generator"),
        build_generator(image_shape, **generator, seed=gn_seed, name="negative_generator"),
        priors,
        latent=config.latent,
        augment=_augmentation(config),
        seed=seed,
    )
    steps_per_epoch = config.samples_per_epoch // config.batch_size
    adam = {"beta_1": 0.5, "decay_steps": config.decay_share * config.epochs * steps_per_epoch}
    model.compile(
        alpha=config.alpha,
        beta=config.beta,
        loss=config.loss,
        generator_dropout=config.generator_dropout,
        d_optimizer=FusedAdam(config.d_learning_rate, **adam),
        gp_optimizer=FusedAdam(config.g_learning_rate, **adam),
        gn_optimizer=FusedAdam(config.g_learning_rate, **adam),
    )
    return model


def load_model(path: str | os.PathLike) -> keras.Model:
    """Loads a `.keras` file of this package: an NLGAN with its three optimizers, ready to continue training, or a
    classifier.

    Raises:
        FileNotFoundError: if there is no such file.
        InputError: if the file holds no Keras model.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"model {path} is not there: accepted is a .keras file")
    if not _holds_model(path):
        raise InputError(f"{path} holds no Keras model: accepted is a .keras file")
    return keras.models.load_model(path)


def _holds_model(path: Path) -> bool:
    # Keras 2.15 would take what is no zip for one of the older formats, which run code.
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "config.json" in archive.namelist()


def _stage_one(recipe: str | StageOneConfig) -> StageOneConfig:
    if isinstance(recipe, StageOneConfig):
        return recipe
    if recipe not in RECIPES:
        raise InputError(f"recipe {recipe!r} is unknown: accepted are {', '.join(RECIPES)}, or a StageOneConfig")
    return RECIPES[recipe].stage_one


def _augmentation(config: StageOneConfig) -> RandomTranslation | None:
    if config.translation == 0:
        return None
    return RandomTranslation(config.translation, config.translation_probability)
