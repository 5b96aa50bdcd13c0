"""One version of a model, from its signatures to its directory under BASE/<model>/."""

from __future__ import annotations

import contextlib
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
from nlgan_tf.export.serving_config import BATCHING, BATCHING_PARAMETERS, read_models_config, update_models_config
from nlgan_tf.export.to_onnx import write_onnx
from nlgan_tf.export.warmup import replay_records, write_records


def publish_versions(
    servables: Sequence[Servable],
    base_dir: str | os.PathLike,
    *,
    source: dict[str, Any] | None = None,
    onnx: bool = False,
    served_from: str | None = None,
) -> list[Path]:
    """Writes the next version of each model, checks it, and publishes all of them or none.

    A version holds the SavedModel, warm-up records (which carry the Keras model's answers), batching parameters,
    a model card, on demand an ONNX file, and the manifest of it all; BASE/models.config serves it as `canary`.

    Args:
        servables: the models.
        base_dir: the folder with one folder a model.
        source: `config` and `metrics` of the run that they come from.
        onnx: write ONNX files too.
        served_from: where the server will find `base_dir`, for models.config; a container's /models by default.

    Returns:
        The version directories, in the order of the models.

    Raises:
        ValueError: for a damaged models.config, or a SavedModel that does not answer as its Keras model does.
        ImportError: for ONNX without its packages.
        OSError: if the base cannot be written.
    """
    base, about = Path(base_dir).expanduser(), {**(source or {}), "versions": _versions()}
    # Before the work: a damaged file would be found when the versions stand.
    read_models_config(base)
    with contextlib.ExitStack() as unfinished:
        # Every place is there before the first is written to.
        written = [unfinished.enter_context(unpublished(base / servable.name)) for servable in servables]
        for servable, version in zip(servables, written, strict=True):
            _write_version(servable, version.folder, about, onnx)
        published = publish_all(written)
    update_models_config(base, [servable.name for servable in servables], served_from)
    return published


def _write_version(servable: Servable, folder: Path, about: dict[str, Any], onnx: bool) -> None:
    save_signatures(servable, folder)
    write_records(servable, folder)
    replay_records(folder)
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
