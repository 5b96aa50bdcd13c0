"""Data sources by name: a new one is a loader in a file of its own, and one entry of a registry here."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nlgan_tf.data.checks import check_integer, check_seed, check_training_images
from nlgan_tf.data.sources.classes import Classes, TaskFields, binary_task, split_pairing
from nlgan_tf.data.sources.digits import load_digits
from nlgan_tf.data.sources.folder.labels import choose_classes
from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.data.sources.npz import load_npz
from nlgan_tf.data.sources.tfds import load_tfds
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError


def _load_folder(path: str, reading: Reading) -> TaskFields:
    # Not at import: `--help` reads no folder.
    from nlgan_tf.data.sources.folder.load import load_folder

    return load_folder(path, reading)


# From data_dir to all classes of a source; a task names some of them as "A-vs-B".
CLASS_SOURCES: dict[str, Callable[[str | None], Classes]] = {
    "digits": load_digits,
    "mnist": functools.partial(load_tfds, "mnist"),
    "cifar10": functools.partial(load_tfds, "cifar10"),
}
# From the PATH of "npz:PATH" to the fields of the task.
TASK_SOURCES: dict[str, Callable[[str], TaskFields]] = {"npz": load_npz}
# From the PATH of "folder:PATH", and how photographs are read, to the fields of the task.
PHOTOGRAPH_SOURCES: dict[str, Callable[[str, Reading], TaskFields]] = {"folder": _load_folder}
ACCEPTED = (
    ", ".join(
        [f"{name}:A-vs-B" for name in CLASS_SOURCES] + [f"{name}:PATH" for name in (*TASK_SOURCES, *PHOTOGRAPH_SOURCES)]
    )
    + " (A and B: comma-separated classes)"
)


def load_task(
    spec: str,
    size: int | None = None,
    data_dir: str | None = None,
    seed: int = 0,
    scale: float | None = None,
    *,
    image_size: int | None = None,
    positive: str | Sequence[str] | None = None,
    skip_unreadable: bool = False,
    file_column: str = "file_name",
    label_column: str = "label",
) -> ImageTask:
    """Loads a binary task by its name.

    Args:
        spec: Name of the task: "digits:5,7-vs-2,4" (scikit-learn's bundled digits as 16x16x1), "mnist:5-vs-7",
            "cifar10:automobile-vs-airplane" (positives first), "npz:PATH" with ImageTask's fields as keys, or
            "folder:PATH" of photographs in class folders or with a label file.
        size: Number of training images: the first size / k of each of the k subclasses; None keeps all.
        data_dir: Folder of TensorFlow Datasets; by default TFDS_DATA_DIR, else ~/tensorflow_datasets.
        seed: Seed of sources that split at random; the present ones are split already.
        scale: Factor on all values of the images, 255 for images in [0, 1].
        image_size, skip_unreadable, file_column, label_column: Ways of reading a folder, as in `Reading`.
        positive: Names of the positive classes, against all others, of a folder or of the labels of an .npz file.

    Raises:
        InputError: For an unknown source or class, a bad file, images or labels that are not accepted, a size that
            does not divide, or a way of reading that the source has no use for.
        FileNotFoundError: For a file that does not exist, or a data set that neither exists nor can be fetched.
    """
    check_source(spec)
    check_seed(seed)
    if size is not None:
        check_integer("size", size, least=1)
    fields = _fields(spec, data_dir, Reading(image_size, positive, skip_unreadable, file_column, label_column))
    names = [name for name in ("images", "test_images") if fields.get(name) is not None]
    fields |= {name: check_training_images(fields[name], scale=scale, name=name, takes_scale=True) for name in names}
    return ImageTask(**fields).reduced(size)


def check_source(spec: str) -> tuple[str, str]:
    """Returns a task's source and the part after the colon: classes "A-vs-B", or a path.

    Raises:
        InputError: For an unknown source, a path that is missing, or classes that are no "A-vs-B".
    """
    if not isinstance(spec, str):
        raise InputError(f"Expected task to be a name such as digits:5,7-vs-2,4; got {spec!r}")
    source, _, rest = spec.partition(":")
    if source in CLASS_SOURCES:
        split_pairing(rest, source)
    elif source not in {**TASK_SOURCES, **PHOTOGRAPH_SOURCES}:
        remedy = f": folder:{spec} reads the folder" if Path(spec).is_dir() else ""
        raise InputError(f"Expected task to be one of {ACCEPTED}; got {spec!r}{remedy}")
    elif not rest.strip():
        raise InputError(f"Expected a path after {source}: in task, as {source}:PATH; got {spec!r}")
    return source, rest


def load_classes(source: str, data_dir: str | None = None) -> Classes:
    """Returns all classes of a source: class names, then training and test images with classes.

    Raises:
        FileNotFoundError: For a data set that neither exists nor can be fetched.
    """
    return CLASS_SOURCES[source](data_dir)


def check_reading(spec: str, reading: Reading) -> None:
    """InputError for a way of reading photographs that a task's source has no use for."""
    source, _ = check_source(spec)
    if source in PHOTOGRAPH_SOURCES:
        return
    for field in dataclasses.fields(Reading):
        used = field.name == "positive" and source in TASK_SOURCES
        if getattr(reading, field.name) != field.default and not used:
            photographs = " or ".join(f"{name}:PATH" for name in PHOTOGRAPH_SOURCES)
            raise InputError(f"Expected {field.name} with {photographs} alone, got {spec!r}")


def _fields(spec: str, data_dir: str | None, reading: Reading) -> TaskFields:
    source, rest = check_source(spec)
    check_reading(spec, reading)
    if source in PHOTOGRAPH_SOURCES:
        return PHOTOGRAPH_SOURCES[source](rest, reading)
    if source in CLASS_SOURCES:
        return binary_task(rest, *load_classes(source, data_dir))
    fields = TASK_SOURCES[source](rest)
    return fields if reading.positive is None else _set_against_the_rest(fields, reading.positive)


def _set_against_the_rest(fields: TaskFields, positive: str | Sequence[str]) -> TaskFields:
    """The fields with all labels, of any kind, as 0 and 1."""
    labels = {name: fields[name] for name in ("labels", "noisy_labels", "test_labels") if fields.get(name) is not None}
    classes = choose_classes(np.concatenate([np.ravel(values) for values in labels.values()]).tolist(), positive)
    mapped = {name: classes.apply(np.ravel(values).tolist(), name) for name, values in labels.items()}
    return {**fields, **mapped, "class_names": classes.names}
