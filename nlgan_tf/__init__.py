"""A clean image data set out of a small one with wrong labels, after NL-GAN (ICIP 2019), in Keras.

Names load on first use: importing the package imports neither TensorFlow nor Keras. Once it is imported,
`keras.models.load_model` loads the package's `.keras` files.
"""

from __future__ import annotations

import importlib

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
