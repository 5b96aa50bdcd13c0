"""SavedModels for TF Serving: BASE/<model>/<version>/, float32 in and out, images in [0, 255]."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.export.check import check_export
from nlgan_tf.export.classifier import classifier_servable
from nlgan_tf.export.generator import generator_servable
from nlgan_tf.export.version import publish_versions
from nlgan_tf.files import write_errors

__all__ = ["check_export", "export_classifier", "export_generator"]


def export_generator(
    model: keras.Model,
    base_dir: str | os.PathLike,
    name: str,
    *,
    latent: str = "uniform",
    stream: int = 0,
    confidence: Callable[[tf.Tensor], tf.Tensor] | None = None,
    onnx: bool = False,
    served_from: str | None = None,
) -> Path:
    """Writes a generator as the next version under BASE/<name>/; `generator_servable` lists the signatures.

    Args:
        model: Keras model, z (n, latent_dim) -> images in [-1, 1].
        base_dir: Folder with one folder a model.
        name: Name of the model, for TF Serving.
        latent: Distribution of z for the signatures that draw z: "uniform" in (-1, 1), or "normal".
        stream: Number that z is drawn by beside the seed; `NLGAN.hallucinate` draws by 1 for G_P and by 0 for G_N.
        confidence: Function of images in [0, 255] to P(class), float32, shape (n,), for the signature
            `sample_confident`; `gan.drawing.confidence_by` returns D's. None: the signature is left out.
        onnx: Whether to write model.onnx too (needs the extra `onnx`).
        served_from: Server's absolute path of `base_dir`, for BASE/models.config; a container's /models by default.

    Returns:
        The version directory, published whole.

    Raises:
        InputError: As `publish_versions`, and for a model that is no generator.
        OSError: As `publish_versions`.
    """
    servable = generator_servable(model, name, latent, stream, confidence)
    with write_errors(Path(base_dir)):
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
    """Writes a classifier as the next version under BASE/<name>/; `classifier_servable` lists the signatures.

    Args:
        model: Keras model, images in [-1, 1], (n, h, w, c) -> logits (n, 1), positive above 0.
        base_dir: Folder with one folder a model.
        class_names: Names of the classes, (negative, positive).
        name: Name of the model, for TF Serving.
        images: Images for warm-up and comparison with the Keras model, uint8, (k, h, w, c); noise by default.
        onnx: Whether to write model.onnx too (needs the extra `onnx`).
        served_from: Server's absolute path of `base_dir`, for BASE/models.config; a container's /models by default.

    Returns:
        The version directory, published whole.

    Raises:
        InputError: As `publish_versions`, and for a model that is no classifier.
        OSError: As `publish_versions`.
    """
    servable = classifier_servable(model, name, class_names, images)
    with write_errors(Path(base_dir)):
        return publish_versions([servable], base_dir, onnx=onnx, served_from=served_from)[0]
