"""A task from an .npz file."""

from __future__ import annotations

import dataclasses
import zipfile
import zlib
from pathlib import Path

import numpy as np

from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError

TASK_FIELDS = tuple(field.name for field in dataclasses.fields(ImageTask))


def load_npz(path: str) -> ImageTask:
    """The task of a file with `ImageTask`'s fields as keys.

    Raises:
        FileNotFoundError: for a file that is not there.
        InputError: for a file that is no such archive, or has test images among its training images.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"file {path} is not there: accepted is npz:PATH of a file with the keys {', '.join(TASK_FIELDS)}"
        )
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            fields = {key: archive[key] for key in archive.files}
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"file {path} is no .npz archive of plain arrays: {error}") from error
    unknown = sorted(set(fields) - set(TASK_FIELDS))
    if "images" not in fields or unknown:
        problem = f"has the unknown key {unknown[0]!r}" if unknown else "has no key 'images'"
        raise InputError(f"file {path} {problem}: accepted are {', '.join(TASK_FIELDS)}")
    if "class_names" in fields:
        fields["class_names"] = tuple(map(str, np.atleast_1d(fields["class_names"])))
    task = ImageTask(**fields)
    shared = {image.tobytes() for image in task.images} & {image.tobytes() for image in _tests_of(task)}
    if shared:
        raise InputError(f"file {path} has {len(shared)} test images among its training images: accepted is none")
    return task


def _tests_of(task: ImageTask) -> np.ndarray:
    return task.images[:0] if task.test_images is None else task.test_images
