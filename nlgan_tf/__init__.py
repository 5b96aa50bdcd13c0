"""A clean image data set out of a small one with wrong labels, after NL-GAN (ICIP 2019), in Keras.

Names load on first use: importing the package imports neither TensorFlow nor Keras. Once it is imported,
`keras.models.load_model` loads the package's `.keras` files.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from nlgan_tf.compat.registration import register_with_keras

__version__ = "0.1.0"

_HOMES = {
    "NoisePriors": "data.noise",
    "corrupt_labels": "data.noise",
    "ImageTask": "data.task",
    "load_task": "data.sources",
    "image_task": "data.sources.objects",
    "noisy_dataset": "data.batches",
    "build_discriminator": "networks.discriminator",
    "build_generator": "networks.generator",
    "build_classifier": "networks.classifier",
    "losses": "losses",
    "NLGAN": "gan.model",
    "estimate_deltas": "noise_rates.estimate",
    "estimate_priors": "noise_rates.estimate",
    "EstimatePriors": "noise_rates.callback",
    "measure_noise": "noise_rates.report",
    "build_nlgan": "models",
    "load_model": "models",
    "export_generator": "export",
    "export_classifier": "export",
    "export_run": "pipeline.export_run",
    "check_export": "export",
    "RunConfig": "pipeline.config",
    "StageOneConfig": "config",
    "StageTwoConfig": "config",
    "RunResult": "pipeline.run",
    "TwoStages": "two_stages",
    "train_two_stages": "two_stages",
    "score_labels": "two_stages",
    "NLGANClassifier": "two_stages.estimator",
    "run": "pipeline.run",
    "run_seeds": "pipeline.run",
    "resume": "pipeline.run",
    "make_strategy": "training.distribution",
    "TrainingWatch": "gan.watch",
    "NLGANHyperModel": "tuning.hypermodel",
    "SearchConfig": "tuning.config",
    "tune": "tuning.search",
    "InputError": "errors",
}

# The same names once more, for type checkers and editors, which do not run `__getattr__`.
if TYPE_CHECKING:
    from nlgan_tf import losses as losses
    from nlgan_tf.config import StageOneConfig as StageOneConfig
    from nlgan_tf.config import StageTwoConfig as StageTwoConfig
    from nlgan_tf.data.batches import noisy_dataset as noisy_dataset
    from nlgan_tf.data.noise import NoisePriors as NoisePriors
    from nlgan_tf.data.noise import corrupt_labels as corrupt_labels
    from nlgan_tf.data.sources import load_task as load_task
    from nlgan_tf.data.sources.objects import image_task as image_task
    from nlgan_tf.data.task import ImageTask as ImageTask
    from nlgan_tf.errors import InputError as InputError
    from nlgan_tf.export import check_export as check_export
    from nlgan_tf.export import export_classifier as export_classifier
    from nlgan_tf.export import export_generator as export_generator
    from nlgan_tf.gan.model import NLGAN as NLGAN
    from nlgan_tf.gan.watch import TrainingWatch as TrainingWatch
    from nlgan_tf.models import build_nlgan as build_nlgan
    from nlgan_tf.models import load_model as load_model
    from nlgan_tf.networks.classifier import build_classifier as build_classifier
    from nlgan_tf.networks.discriminator import build_discriminator as build_discriminator
    from nlgan_tf.networks.generator import build_generator as build_generator
    from nlgan_tf.noise_rates.callback import EstimatePriors as EstimatePriors
    from nlgan_tf.noise_rates.estimate import estimate_deltas as estimate_deltas
    from nlgan_tf.noise_rates.estimate import estimate_priors as estimate_priors
    from nlgan_tf.noise_rates.report import measure_noise as measure_noise
    from nlgan_tf.pipeline.config import RunConfig as RunConfig
    from nlgan_tf.pipeline.export_run import export_run as export_run
    from nlgan_tf.pipeline.run import RunResult as RunResult
    from nlgan_tf.pipeline.run import resume as resume
    from nlgan_tf.pipeline.run import run as run
    from nlgan_tf.pipeline.run import run_seeds as run_seeds
    from nlgan_tf.training.distribution import make_strategy as make_strategy
    from nlgan_tf.tuning.config import SearchConfig as SearchConfig
    from nlgan_tf.tuning.hypermodel import NLGANHyperModel as NLGANHyperModel
    from nlgan_tf.tuning.search import tune as tune
    from nlgan_tf.two_stages import TwoStages as TwoStages
    from nlgan_tf.two_stages import score_labels as score_labels
    from nlgan_tf.two_stages import train_two_stages as train_two_stages
    from nlgan_tf.two_stages.estimator import NLGANClassifier as NLGANClassifier

_WITHOUT_TENSORFLOW = {
    "data.noise",
    "data.task",
    "data.sources",
    "data.sources.objects",
    "config",
    "pipeline.config",
    "errors",
}

__all__ = sorted(_HOMES)

register_with_keras()


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'nlgan_tf' has no attribute {name!r}")
    if _HOMES[name] not in _WITHOUT_TENSORFLOW:
        from nlgan_tf.compat.quiet import import_tensorflow

        import_tensorflow()
    home = importlib.import_module(f"nlgan_tf.{_HOMES[name]}")
    value = home if name == "losses" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
