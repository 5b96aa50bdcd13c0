"""SavedModels for TF Serving: BASE/<model>/<version>/, float32 in and out, images in [0, 255]."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.export.check import check_export
from nlgan_tf.export.classifier import classifier_servable
from nlgan_tf.export.generator import generator_servable
from nlgan_tf.export.version import publish_versions

__all__ = ["check_export", "export_classifier", "export_generator"]


def export_generator(
    model: keras.Model,
    base_dir: str | os.PathLike,
    name: str,
    *,
    latent: str = "uniform",
    stream: int = 0,
    onnx: bool = False,
    served_from: str | None = None,
) -> Path:
    """Writes a generator as the next version under BASE/<name>/; `generator_servable` lists its signatures.

    Args:
        model: z (n, latent_dim) -> images in [-1, 1].
        base_dir: the folder with one folder a model.
        name: of the model, for TF Serving.
        latent: distribution of z for the signatures that draw it: "uniform" in (-1, 1), or "normal".
        stream: z is drawn from the pair (seed, stream); `NLGAN.hallucinate` gives G_P 1 and G_N 0.
        onnx: write model.onnx too (needs the extra `onnx`).
        served_from: where the server will find `base_dir`, for BASE/models.config; a container's /models by default.

    Returns:
        The version directory, published whole.

    Raises:
        ValueError, ImportError, OSError: as `publish_versions`; ValueError for a model that is no generator.
    """
    servable = generator_servable(model, name, latent, stream)
    return publish_versions([servable], base_dir, onnx=onnx, served_from=served_from)[0]


def export_classifier(
    model: keras.Model,
    base_dir: str | os.PathLike,
    class_names: tuple[str, str] = ("negative", "positive"),
    name: str = "classifier",
    *,
    images: np.ndarray | None = None,
    onnx: bool = False,
    served_from: str | None = None,
) -> Path:
    """Writes a classifier as the next version under BASE/<name>/; `classifier_servable` lists its signatures.

    Args:
        model: images in [-1, 1], (n, h, w, c) -> logits (n, 1), positive above 0.
        base_dir: the folder with one folder a model.
        class_names: (negative, positive).
        name: of the model, for TF Serving.
        images: uint8, (k, h, w, c), for warm-up and comparison with the Keras model; by default noise.
        onnx: write model.onnx too (needs the extra `onnx`).
        served_from: where the server will find `base_dir`, for BASE/models.config; a container's /models by default.

    Returns:
        The version directory, published whole.

    Raises:
        ValueError, ImportError, OSError: as `publish_versions`; ValueError for a model that is no classifier.
    """
    servable = classifier_servable(model, name, class_names, images)
    return publish_versions([servable], base_dir, onnx=onnx, served_from=served_from)[0]
