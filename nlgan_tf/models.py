"""Builds a compiled model from a recipe, says its size beforehand, and loads a model from its file."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import D_RATE_FOR, StageOneConfig, policy_for
from nlgan_tf.data.checks import check_seed
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.task import check_channels
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import stage_one_augmentation
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.networks.applications import APPLICATIONS, build_application
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator
from nlgan_tf.networks.resnet_generator import build_resnet_generator
from nlgan_tf.networks.shapes import check_image_shape
from nlgan_tf.networks.size import stage_one_size
from nlgan_tf.recipes import check_recipe
from nlgan_tf.training.optimizers import FusedAdam
from nlgan_tf.training.precision import computing_in

# Multiplications a second of a laptop's CPU, as stage one uses it, and what is called large.
CPU_SPEED, LARGE_MEMORY, LARGE_HOURS = 4e10, 4e9, 1.0
# Of the generators, by their names in `config.GENERATORS`.
BUILDERS = {"dcgan": build_generator, "resnet": build_resnet_generator}
# Characters of Keras's reason for a refusal, which may contain the whole model.
LONGEST_REASON = 200


def build_nlgan(
    image_shape: tuple[int, int, int],
    priors: NoisePriors | str,
    recipe: str | StageOneConfig = "modern",
    seed: int = 0,
    precision: str | None = None,
) -> NLGAN:
    """Builds a compiled NLGAN.

    Args:
        image_shape: Shape (h, w, c), h and w divisible by 4, c 1 or 3.
        priors: Purities of the noisy labels, or "estimate".
        recipe: Name "literal", "paper" or "modern", or a configuration of one's own.
        seed: Seed of initial weights, z, dropout and augmentation.
        precision: Precision of the networks' products: "auto", "float32", "bfloat16" or "float16", as
            `choose_precision` reads it; None: Keras's present policy. Weights are float32 in each.

    Raises:
        InputError: For an unknown recipe or precision, a shape that does not fit, or a seed that is no integer of at
            least 0.
    """
    config = _stage_one(recipe)
    check_seed(seed)
    check_channels(check_image_shape(image_shape))
    with computing_in(precision):
        model = NLGAN(
            *_networks(image_shape, config, seed),
            priors,
            latent=config.latent,
            augment=stage_one_augmentation(config, image_shape),
            seed=seed,
            ema=config.ema,
        )
    steps_per_epoch = config.samples_per_epoch // config.batch_size
    adam = {"beta_1": 0.5, "decay_steps": config.decay_share * config.epochs * steps_per_epoch}
    d_rate = config.d_learning_rate or D_RATE_FOR[policy_for(image_shape)]
    model.compile(
        alpha=config.alpha,
        beta=config.beta,
        loss=config.loss,
        generator_dropout=config.generator_dropout,
        d_optimizer=FusedAdam(d_rate, **adam, name="d_optimizer"),
        gp_optimizer=FusedAdam(config.g_learning_rate, **adam, name="gp_optimizer"),
        gn_optimizer=FusedAdam(config.g_learning_rate, **adam, name="gn_optimizer"),
    )
    return model


def _networks(image_shape: tuple[int, int, int], config: StageOneConfig, seed: int) -> tuple[keras.Model, ...]:
    """D, G_P and G_N with fresh weights."""
    # One seed a network: the two generators must not start as twins.
    d_seed, gp_seed, gn_seed = (3 * seed + offset for offset in range(3))
    settings = {"width": config.width, "attention": config.attention}
    if config.generator == "dcgan":
        settings |= {"kernel_size": config.kernel_size, "batch_norm": config.batch_norm}
    build = BUILDERS[config.generator]
    discriminator = build_discriminator(
        image_shape,
        config.spectral_norm,
        config.dropout,
        config.width,
        spectral_layers=config.spectral_layers,
        batch_norm=config.d_batch_norm,
        attention=config.attention,
        seed=d_seed,
    )
    return (
        discriminator,
        build(image_shape, **settings, seed=gp_seed, name="positive_generator"),
        build(image_shape, **settings, seed=gn_seed, name="negative_generator"),
    )


def describe_size(image_shape: tuple[int, int, int], recipe: str | StageOneConfig = "modern") -> str | None:
    """Returns one line about the weights, memory and time of a large stage one, and None for a small one.

    Args:
        image_shape: Shape (h, w, c), h and w divisible by 4.
        recipe: Name of a recipe, or a configuration of one's own.
    """
    config = _stage_one(recipe)
    size = stage_one_size(image_shape, config)
    steps = config.epochs * (config.samples_per_epoch // config.batch_size)
    hours = steps * size.multiplications / CPU_SPEED / 3600
    if size.memory < LARGE_MEMORY and hours < LARGE_HOURS:
        return None
    time = f"{max(1, round(hours))} hours" if hours < 72 else f"{round(hours / 24)} days"
    height, width, _ = image_shape
    remedy = "resize the images to 64x64 or less" if max(height, width) > 64 else "take fewer epochs or a smaller width"
    return (
        f"Images of {height}x{width} give stage one {size.parameters / 1e6:.0f} million weights: about "
        f"{size.memory / 1e9:.0f} GB of memory and, without a GPU, {time.replace('1 hours', '1 hour')}; "
        f"for less, {remedy}"
    )


def load_model(path: str | os.PathLike) -> keras.Model:
    """Loads a `.keras` file: an NLGAN with its three optimizers, ready to continue training, or a classifier.

    Raises:
        FileNotFoundError: If the file does not exist.
        InputError: If the path is a folder, such as a SavedModel, or the file is no Keras model.
    """
    return keras.models.load_model(check_model_file(path))


def check_model_file(path: str | os.PathLike) -> Path:
    """Returns the path of a `.keras` file. Errors are those of `load_model`."""
    path = Path(path).expanduser()
    if path.is_dir():
        remedy = ": SavedModels are for TF Serving" if (path / "saved_model.pb").is_file() else ""
        raise InputError(f"Expected a .keras file, got {path}, which is a folder{remedy}")
    if not path.is_file():
        raise FileNotFoundError(f"Expected a .keras file, got {path}, which does not exist")
    if not _is_model(path):
        raise InputError(f"Expected a .keras file, got {path}, which is no Keras model")
    return path


def load_extractor(features: str | os.PathLike) -> keras.Model:
    """Loads a frozen feature extractor: a `.keras` file, or an application of Keras with its ImageNet weights.

    Args:
        features: Path of a file, or a name in `networks.applications.APPLICATIONS`.

    Raises:
        FileNotFoundError: If the file does not exist.
        InputError: For an unknown name, weights that cannot be had, or a file that this Keras does not load safely.
    """
    name = os.fspath(features)
    if name in APPLICATIONS:
        extractor = build_application(name)
    elif name.endswith(".keras") or Path(name).expanduser().exists():
        extractor = _load_safely(name)
    else:
        raise InputError(f"Expected features to be a .keras file or one of {', '.join(APPLICATIONS)}; got {name!r}")
    extractor.trainable = False
    return extractor


def _load_safely(path: str) -> keras.Model:
    """The model of a file that others may have written: code that the file holds is refused, not run."""
    file = check_model_file(path)
    try:
        return keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # Whatever the file's layers raise: the file is not of this package.
        reason = " ".join(str(error).split())
        reason = reason if len(reason) < LONGEST_REASON else f"{reason[:LONGEST_REASON]}..."
        raise InputError(
            f"Expected features that Keras {keras.__version__} loads safely, got {path}: {reason}"
        ) from error


def _is_model(path: Path) -> bool:
    # Keras 2.15 would take a file that is no zip for one of the older formats, which run code.
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "config.json" in archive.namelist()


def _stage_one(recipe: str | StageOneConfig) -> StageOneConfig:
    if isinstance(recipe, StageOneConfig):
        return recipe
    return check_recipe(recipe).stage_one
