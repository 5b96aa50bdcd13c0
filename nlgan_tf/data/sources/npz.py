"""A task from an .npz file."""

from __future__ import annotations

import dataclasses
import errno
import zipfile
import zlib
from pathlib import Path

import numpy as np

from nlgan_tf.data.sources.classes import TaskFields
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError

TASK_FIELDS = tuple(field.name for field in dataclasses.fields(ImageTask) if field.name != "remarks")


def load_npz(path: str) -> TaskFields:
    """Returns the fields of a task from a file with `ImageTask`'s fields as keys.

    Raises:
        FileNotFoundError: For a file that does not exist.
        InputError: For a file that is no archive of plain arrays, or has other keys.
    """
    path = Path(path).expanduser()
    keys = ", ".join(TASK_FIELDS)
    if path.is_dir():
        raise InputError(f"Expected npz:PATH of a file with the keys {keys}; got the folder {path}")
    if _is_loop(path):
        raise InputError(f"Expected npz:PATH of a file, got {path}, a symbolic link that leads back to itself")
    if not path.is_file():
        raise FileNotFoundError(f"Expected npz:PATH of a file with the keys {keys}; got {path}, which does not exist")
    if _holds_one_array(path):
        raise InputError(
            f"Expected {path} to be an .npz archive, got one array as np.save writes it: "
            f"np.savez({path.name!r}, images=..., noisy_labels=...) writes an archive"
        )
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            fields = {key: archive[key] for key in archive.files}
    # RuntimeError: an encrypted member; NotImplementedError: its compression.
    except (ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(
            f"Expected {path} to be an .npz archive of plain arrays, got one that numpy refuses: {error}"
        ) from error
    if unknown := sorted(set(fields) - set(TASK_FIELDS)):
        raise InputError(f"Expected keys among {keys} in {path}; got {unknown[0]!r}")
    if "images" not in fields:
        raise InputError(f"Expected the key images in {path}; got {', '.join(fields) or 'none'}")
    if "class_names" in fields:
        fields["class_names"] = tuple(map(str, np.atleast_1d(fields["class_names"])))
    return fields


def _is_loop(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _holds_one_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX
