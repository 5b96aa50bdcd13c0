"""Data sources by name: a new one is a loader in a file of its own, and one entry of a registry here."""

from __future__ import annotations

import functools
from collections.abc import Callable

from nlgan_tf.data.sources.classes import Classes, binary_task
from nlgan_tf.data.sources.digits import load_digits
from nlgan_tf.data.sources.npz import load_npz
from nlgan_tf.data.sources.tfds import load_tfds
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError

# From data_dir to all classes of a source; a task names some of them as "A-vs-B".
CLASS_SOURCES: dict[str, Callable[[str | None], Classes]] = {
    "digits": load_digits,
    "mnist": functools.partial(load_tfds, "mnist"),
    "cifar10": functools.partial(load_tfds, "cifar10"),
}
# From what follows the colon of "npz:PATH" to the task.
TASK_SOURCES: dict[str, Callable[[str], ImageTask]] = {"npz": load_npz}
ACCEPTED = (
    ", ".join([f"{name}:A-vs-B" for name in CLASS_SOURCES] + [f"{name}:PATH" for name in TASK_SOURCES])
    + " (A and B: comma-separated classes)"
)


def load_task(spec: str, size: int | None = None, data_dir: str | None = None, seed: int = 0) -> ImageTask:
    """Loads a binary task by its name.

    Args:
        spec: "digits:5,7-vs-2,4" (scikit-learn's bundled digits as 16x16x1), "mnist:5-vs-7",
            "cifar10:automobile-vs-airplane" (positives first), or "npz:PATH" with ImageTask's fields as keys.
        size: keeps the first size / k training images of each of the k subclasses; None keeps all.
        data_dir: where TensorFlow Datasets keeps its data; by default TFDS_DATA_DIR, else its own default.
        seed: accepted for sources that split at random; those here are split already.

    Raises:
        InputError: for an unknown source or class, a bad file, or a size that does not divide.
        FileNotFoundError: for a file or data set that is not there and cannot be fetched.
    """
    source, rest = check_source(spec)
    if source in TASK_SOURCES:
        return TASK_SOURCES[source](rest).reduced(size)
    return binary_task(rest, *load_classes(source, data_dir)).reduced(size)


def check_source(spec: str) -> tuple[str, str]:
    """What stands before and after a task's colon.

    Raises:
        InputError: for an unknown source.
    """
    source, _, rest = spec.partition(":")
    if source not in CLASS_SOURCES and source not in TASK_SOURCES:
        raise InputError(f"task {spec!r} is unknown: accepted are {ACCEPTED}")
    return source, rest


def load_classes(source: str, data_dir: str | None = None) -> Classes:
    """All classes of a source: class names, then training and test images with classes.

    Raises:
        FileNotFoundError: for a data set that is not there and cannot be fetched.
    """
    return CLASS_SOURCES[source](data_dir)
