"""TF Serving's own configuration: which models and versions it serves, and how it batches requests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from nlgan_tf.errors import InputError
from nlgan_tf.export.publish import versions
from nlgan_tf.files import locked, write_text

MODELS_CONFIG = "models.config"
# TF Serving looks for this name in a version directory (--enable_per_model_batching_parameters).
BATCHING_PARAMETERS = "batching_params.pbtxt"
# Where the official container keeps models.
SERVED_FROM = "/models"

# Padding to few sizes keeps the shapes that the graph meets few; two milliseconds is about one request of one image.
BATCHING = """\
max_batch_size { value: 64 }
batch_timeout_micros { value: 2000 }
max_enqueued_batches { value: 100 }
num_batch_threads { value: 4 }
allowed_batch_sizes: 1
allowed_batch_sizes: 8
allowed_batch_sizes: 64
"""


def read_models_config(base_dir: Path) -> model_server_config_pb2.ModelServerConfig:
    """BASE/models.config, empty if there is none; InputError if it is not TF Serving's."""
    path, config = base_dir / MODELS_CONFIG, model_server_config_pb2.ModelServerConfig()
    if path.exists():
        try:
            text_format.Parse(path.read_text(encoding="utf-8"), config)
        except (text_format.ParseError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is no configuration of TF Serving's models: {error}") from error
    return config


def update_models_config(base_dir: Path, names: Iterable[str], served_from: str | None) -> None:
    """Lets BASE/models.config serve the newest version of the named models as `canary`.

    The label `stable` stays where it is, and stands on the newest version of a model that has none yet: what a
    server gives its users changes when an operator moves it. Everything else in the file is kept.

    Args:
        base_dir: the folder with one folder a model.
        names: of the models that have a new version.
        served_from: where the server finds that folder; by default as the file says, or SERVED_FROM for a new model.
    """
    with locked(base_dir / MODELS_CONFIG, wait=True):
        config = read_models_config(base_dir)
        entries = {entry.name: entry for entry in config.model_config_list.config}
        for name in names:
            entry = entries.get(name) or config.model_config_list.config.add(name=name, model_platform="tensorflow")
            if served_from or not entry.base_path:
                entry.base_path = f"{(served_from or SERVED_FROM).rstrip('/')}/{name}"
            _label(entry, versions(base_dir / name))
        write_text(base_dir / MODELS_CONFIG, text_format.MessageToString(config))


def _label(entry: model_server_config_pb2.ModelConfig, found: list[int]) -> None:
    canary = found[-1]
    stable = entry.version_labels.get("stable", canary)
    entry.version_labels["stable"] = stable = stable if stable in found else canary
    entry.version_labels["canary"] = canary
    entry.model_version_policy.specific.versions[:] = sorted({stable, canary})
