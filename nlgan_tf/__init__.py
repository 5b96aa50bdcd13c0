"""A clean image data set out of a small one with wrong labels, after NL-GAN (ICIP 2019), in Keras.

Names load on first use: importing the package does not import TensorFlow.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_HOMES = {
    "NoisePriors": "data.noise",
    "corrupt_labels": "data.noise",
    "ImageTask": "data.task",
    "load_task": "data.sources",
    "noisy_dataset": "data.batches",
    "build_discriminator": "networks.dcgan",
    "build_generator": "networks.dcgan",
    "build_classifier": "networks.classifier",
    "losses": "gan",
    "NLGAN": "gan.model",
    "estimate_deltas": "gan.priors",
    "estimate_priors": "gan.priors",
    "EstimatePriors": "gan.prior_estimation",
    "measure_noise": "noise_rates",
    "build_nlgan": "recipes",
    "load_model": "recipes",
    "export_generator": "export",
    "export_classifier": "export",
    "export_run": "export",
    "check_export": "export",
    "RunConfig": "config",
    "StageOneConfig": "config",
    "StageTwoConfig": "config",
    "RunResult": "pipeline",
    "run": "pipeline",
    "run_seeds": "pipeline",
    "resume": "pipeline",
    "make_strategy": "distribution",
    "TrainingWatch": "gan.callbacks",
    "NLGANHyperModel": "tuning.hypermodel",
    "SearchConfig": "tuning.search",
    "tune": "tuning.search",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'nlgan_tf' has no attribute {name!r}")
    home = importlib.import_module(f"nlgan_tf.{_HOMES[name]}")
    value = importlib.import_module("nlgan_tf.gan.losses") if name == "losses" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
