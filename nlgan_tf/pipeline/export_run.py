"""Exports of a run folder's models, and the manifest that an export knows the folder by."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.export.classifier import classifier_servable
from nlgan_tf.export.generator import generator_servable
from nlgan_tf.export.manifest import check_manifest, write_manifest
from nlgan_tf.export.servable import Servable
from nlgan_tf.export.version import check_base, publish_versions
from nlgan_tf.files import read_json, sha256, write_errors
from nlgan_tf.gan.drawing import confidence_by
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.pipeline.clean_dataset import DRAWING
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.folder import CHECKPOINTS, CONFIG, DATASET, DATASET_MANIFEST, METRICS
from nlgan_tf.training.precision import float32_copy


def export_run(
    run_dir: str | os.PathLike, base_dir: str | os.PathLike, *, onnx: bool = False, served_from: str | None = None
) -> list[Path]:
    """Writes the models of a finished run as their next versions under BASE.

    Args:
        run_dir: Folder of a finished run, unaltered.
        base_dir: Folder with one folder a model.
        onnx: Whether to write model.onnx too (needs the extra `onnx`).
        served_from: Server's absolute path of `base_dir`, for BASE/models.config; a container's /models by default.

    Returns:
        The version directories of `positive_generator`, `negative_generator` and `classifier`.

    Raises:
        InputError: For a folder that is no finished run, or was altered; and as `publish_versions`.
        OSError: As `publish_versions`.
    """
    run = FinishedRun(run_dir)
    check_base(base_dir, onnx, served_from)
    source = _checked_source(run)
    servables = run_servables(run.nlgan(), run.classifier(), run.drawn.class_names, run.drawn.images)
    with write_errors(Path(base_dir)):
        return publish_versions(servables, base_dir, source=source, onnx=onnx, served_from=served_from)


def run_servables(
    nlgan: NLGAN, classifier: keras.Model, class_names: tuple[str, str], images: np.ndarray
) -> list[Servable]:
    """Returns the three models of a run, which compute in float32.

    `sample` with a seed draws what `nlgan.hallucinate` draws with the seed, but for the rounding of an NLGAN that
    computes in a lower precision. D goes with each generator, for `sample_confident`.
    """
    discriminator = float32_copy(nlgan.judging_discriminator())
    return [
        *(
            generator_servable(
                float32_copy(generator),
                f"{'positive' if label else 'negative'}_generator",
                nlgan.latent,
                stream=label,
                confidence=confidence_by(discriminator, nlgan.known_priors(), label),
            )
            for label, generator in nlgan.drawing_generators().items()
        ),
        classifier_servable(float32_copy(classifier), "classifier", class_names, images),
    ]


def run_source(
    config: dict[str, Any], metrics: dict[str, Any], drawn_manifest: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns what a version's manifest and card say of the run that the version comes from.

    Args:
        config: Content of config.json.
        metrics: Content of metrics.json.
        drawn_manifest: Content of clean_dataset.json; of earlier versions without `drawing`.
    """
    source = {"config": config, "metrics": {name: value for name, value in metrics.items() if name != "settings"}}
    if drawn_manifest and DRAWING in drawn_manifest:
        source[DRAWING] = drawn_manifest[DRAWING]
    return source


def write_run_manifest(run_dir: Path, source: dict[str, Any]) -> None:
    """Writes checkpoints/manifest.json, by which an export knows that the run is finished and unaltered."""
    write_manifest(run_dir / CHECKPOINTS, source)


def _checked_source(run: FinishedRun) -> dict[str, Any]:
    """What a version says of the run, once the files of the run are known to be unaltered."""
    manifest = check_manifest(run.run_dir / CHECKPOINTS)
    found = run_source(read_json(run.path(CONFIG)), run.metrics, run.drawn_manifest)
    if run.drawn_manifest.get("sha256") != sha256(run.path(DATASET)):
        raise InputError(f"Expected {run.path(DATASET)} as {DATASET_MANIFEST} lists it, got an altered or damaged file")
    if any(found[name] != manifest.get(name) for name in found):
        raise InputError(f"Expected {CONFIG} and {METRICS} of {run.run_dir} as the run wrote them, got altered ones")
    return found
