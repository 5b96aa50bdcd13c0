"""TF Serving's own configuration: which models and versions it serves, and how it batches requests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from nlgan_tf.errors import InputError
from nlgan_tf.export.publish import versions
from nlgan_tf.files import write_text

MODELS_CONFIG = "models.config"
# TF Serving looks for this name in a version directory (--enable_per_model_batching_parameters).
BATCHING_PARAMETERS = "batching_params.pbtxt"
# Where the official container keeps models.
SERVED_FROM = "/models"
STABLE, CANARY = "stable", "canary"

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


def check_served_from(served_from: str | None) -> str | None:
    """Returns the server's path of a base, None for the default; InputError for a path that TF Serving rejects."""
    if served_from is None or PurePosixPath(served_from).is_absolute() or "://" in served_from:
        return served_from
    raise InputError(f"Expected served_from, the server's path of the base, to be absolute, got {served_from!r}")


def read_models_config(base_dir: Path) -> model_server_config_pb2.ModelServerConfig:
    """Content of BASE/models.config, empty where the file is missing.

    Raises:
        InputError: For a file that is no list of models for TF Serving.
    """
    path, config = base_dir / MODELS_CONFIG, model_server_config_pb2.ModelServerConfig()
    if path.exists():
        try:
            text_format.Parse(path.read_text(encoding="utf-8"), config)
        except (text_format.ParseError, UnicodeDecodeError) as error:
            raise InputError(f"Expected {path} to be a configuration of TF Serving, got {error}") from error
    if config.HasField("custom_model_config"):
        raise InputError(f"Expected {path} to have a model_config_list, got a custom_model_config")
    return config


def update_models_config(base_dir: Path, names: Iterable[str], served_from: str | None) -> None:
    """Lets BASE/models.config serve the newest version of the named models as `canary`.

    The label `stable` stays where an operator moved it; a model without the label gets it on the version that was
    served so far, or on its first. The policy of a model that is in the file stays, and every labelled version is
    served. The rest of the file stays, but for comments below its head. The caller holds the base's lock.

    Args:
        base_dir: Folder with one folder a model.
        names: Names of the models that have a new version.
        served_from: Server's path of `base_dir`; by default as the file says, or SERVED_FROM for a new model.
    """
    path, config = base_dir / MODELS_CONFIG, read_models_config(base_dir)
    entries = {entry.name: entry for entry in config.model_config_list.config}
    for name in names:
        entry = entries.get(name) or _new_entry(config, name)
        if served_from or not entry.base_path:
            entry.base_path = f"{(served_from or SERVED_FROM).rstrip('/')}/{name}"
        _label(entry, versions(base_dir / name))
    write_text(path, _head(path) + text_format.MessageToString(config))


def _new_entry(config: model_server_config_pb2.ModelServerConfig, name: str) -> model_server_config_pb2.ModelConfig:
    entry = config.model_config_list.config.add(name=name, model_platform="tensorflow")
    entry.model_version_policy.specific.SetInParent()
    return entry


def _label(entry: model_server_config_pb2.ModelConfig, found: list[int]) -> None:
    """Moves the labels, and widens the policy by as much as they need."""
    newest, labels, policy = found[-1], entry.version_labels, entry.model_version_policy
    listed, before = set(policy.specific.versions), {labels.get(STABLE), labels.get(CANARY)}
    stable = labels.get(STABLE) or max(listed & set(found), default=newest)
    labels[STABLE] = stable if stable in found else newest
    labels[CANARY] = newest
    labelled = set(labels.values())
    if policy.HasField("specific"):
        # What only one of these two labels was on is served no longer.
        policy.specific.versions[:] = sorted((listed - before) | (labelled & set(found)))
    elif not policy.HasField("all"):
        # TF Serving's own default is the latest one.
        needed = sum(version >= min(labelled) for version in found)
        if needed > max(policy.latest.num_versions, 1):
            policy.latest.num_versions = needed


def _head(path: Path) -> str:
    """Comments at the head of the file, which protobuf's text format does not keep."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return "".join(itertools.takewhile(lambda line: not line.strip() or line.lstrip().startswith("#"), lines))
