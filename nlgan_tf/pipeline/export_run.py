"""The models of a run folder: what it keeps of them, and their next versions elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.export.classifier import classifier_servable
from nlgan_tf.export.generator import generator_servable
from nlgan_tf.export.manifest import check_manifest, write_manifest
from nlgan_tf.export.servable import Servable
from nlgan_tf.export.version import publish_versions
from nlgan_tf.files import sha256
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.models import load_model
from nlgan_tf.pipeline.folder import (
    CHECKPOINTS,
    CLASSIFIER_FILE,
    CONFIG,
    DATASET,
    DATASET_MANIFEST,
    METRICS,
    NLGAN_FILE,
)


def export_run(
    run_dir: str | os.PathLike, base_dir: str | os.PathLike, *, onnx: bool = False, served_from: str | None = None
) -> list[Path]:
    """Writes the models of a finished run as their next versions under BASE.

    Args:
        run_dir: what `run` wrote, unaltered.
        base_dir: the folder with one folder a model.
        onnx: write model.onnx too (needs the extra `onnx`).
        served_from: where the server will find `base_dir`, for BASE/models.config; a container's /models by default.

    Returns:
        The version directories of `positive_generator`, `negative_generator` and `classifier`.

    Raises:
        InputError: for a folder that is no finished run, or was altered; and as `publish_versions`.
        ImportError, OSError: as `publish_versions`.
    """
    folder = Path(run_dir).expanduser()
    source = _checked_source(folder)
    nlgan = load_model(folder / NLGAN_FILE)
    classifier = load_model(folder / CLASSIFIER_FILE)
    with np.load(folder / DATASET) as drawn:
        servables = run_servables(nlgan, classifier, tuple(drawn["class_names"].tolist()), drawn["images"])
    return publish_versions(servables, base_dir, source=source, onnx=onnx, served_from=served_from)


def run_servables(
    nlgan: NLGAN, classifier: keras.Model, class_names: tuple[str, str], images: np.ndarray
) -> list[Servable]:
    """The three models of a run; their `sample` with a seed draws what `nlgan.hallucinate` draws with it."""
    return [
        *(
            generator_servable(
                generator, f"{'positive' if label else 'negative'}_generator", nlgan.latent, stream=label
            )
            for label, generator in nlgan.drawing_generators().items()
        ),
        classifier_servable(classifier, "classifier", class_names, images),
    ]


def run_source(config: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    """What a version's manifest and card say of the run it comes from."""
    return {"config": config, "metrics": {name: value for name, value in metrics.items() if name != "settings"}}


def write_run_manifest(run_dir: Path, source: dict[str, Any]) -> None:
    """Writes checkpoints/manifest.json, by which an export knows the run for finished and unaltered."""
    write_manifest(run_dir / CHECKPOINTS, source)


def _checked_source(run_dir: Path) -> dict[str, Any]:
    if not (run_dir / CONFIG).is_file() or not (run_dir / CHECKPOINTS).is_dir():
        raise InputError(f"{run_dir} is no run folder: accepted is what nlgan-tf run wrote")
    manifest = check_manifest(run_dir / CHECKPOINTS)
    try:
        found = run_source(*(json.loads((run_dir / name).read_text()) for name in (CONFIG, METRICS)))
        digest = json.loads((run_dir / DATASET_MANIFEST).read_text())["sha256"]
        complete = digest == sha256(run_dir / DATASET)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run_dir} is no finished run: {error}") from error
    if not complete:
        raise InputError(f"{run_dir / DATASET} is not what {DATASET_MANIFEST} lists: it was altered or damaged")
    if any(found[name] != manifest.get(name) for name in found):
        raise InputError(f"{CONFIG} or {METRICS} of {run_dir} is not what the run wrote: it was altered")
    return found
