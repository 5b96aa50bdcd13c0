"""One version of a model, from its signatures to its directory under BASE/<model>/."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

import nlgan_tf
from nlgan_tf.compat.installed import STACK
from nlgan_tf.compat.keras import keras
from nlgan_tf.export.card import write_card
from nlgan_tf.export.manifest import write_manifest
from nlgan_tf.export.publish import publish_all, unpublished
from nlgan_tf.export.servable import Servable, save_signatures
from nlgan_tf.export.serving_config import (
    BATCHING,
    BATCHING_PARAMETERS,
    check_served_from,
    read_models_config,
    update_models_config,
)
from nlgan_tf.export.to_onnx import check_onnx, write_onnx
from nlgan_tf.export.warmup import replay_records, write_records
from nlgan_tf.files import check_no_pattern, make_folder


def publish_versions(
    servables: Sequence[Servable],
    base_dir: str | os.PathLike,
    *,
    source: dict[str, Any] | None = None,
    onnx: bool = False,
    served_from: str | None = None,
) -> list[Path]:
    """Writes the next version of each model, checks the versions, and publishes all of them or none.

    A version contains the SavedModel, warm-up records (with the Keras model's answers), batching parameters, a model
    card, on demand an ONNX file, and the manifest of all these; BASE/models.config serves the version as `canary`.
    Versions appear on the disk one rename after the other; the last rename is that of models.config, and an error
    before takes all of them back.

    Args:
        servables: Models to export.
        base_dir: Folder with one folder a model.
        source: `config` and `metrics` of the run that the models come from, and `drawing` of its clean data set.
        onnx: Whether to write ONNX files too.
        served_from: Server's absolute path of `base_dir`, for models.config; a container's /models by default.

    Returns:
        The version directories, in the order of the models.

    Raises:
        InputError: For a damaged models.config, a path that TensorFlow or TF Serving does not accept, or a SavedModel
            that does not answer as its Keras model.
        MissingPackage: For ONNX without its packages.
        OSError: If the base cannot be written.
    """
    base, about = check_base(base_dir, onnx, served_from), {**(source or {}), "versions": _versions()}
    names = [servable.name for servable in servables]
    with unpublished(base, names) as folder:
        for servable in servables:
            _write_version(servable, folder / servable.name, about, onnx)
        return publish_all(folder, names, lambda: update_models_config(base, names, served_from))


def check_base(base_dir: str | os.PathLike, onnx: bool, served_from: str | None) -> Path:
    """Returns the path of a base that versions may be written to; writes nothing, and raises as `publish_versions`."""
    base = check_no_pattern(Path(base_dir).expanduser())
    check_served_from(served_from)
    read_models_config(base)
    if onnx:
        check_onnx()
    existing = next(path for path in (base, *base.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        make_folder(base)
    return base


def _write_version(servable: Servable, folder: Path, about: dict[str, Any], onnx: bool) -> None:
    save_signatures(servable, folder)
    write_records(servable, folder)
    replay_records(servable, folder)
    if onnx:
        write_onnx(servable, folder)
    (folder / BATCHING_PARAMETERS).write_text(BATCHING)
    write_card(servable, folder, about)
    write_manifest(folder, {"model": servable.name, "kind": servable.kind, **servable.facts, **about})


def _versions() -> dict[str, str]:
    return {
        "nlgan_tf": nlgan_tf.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "stack": STACK,
        "python": platform.python_version(),
    }
