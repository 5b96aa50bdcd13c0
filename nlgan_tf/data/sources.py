"""Where tasks come from: bundled digits, TensorFlow Datasets, .npz files."""

from __future__ import annotations

import dataclasses
import os
import socket
import zipfile
import zlib
from pathlib import Path

import numpy as np

from nlgan_tf.data.task import ImageTask

SOURCES = ("digits", "mnist", "cifar10")
ACCEPTED = "digits:A-vs-B, mnist:A-vs-B, cifar10:A-vs-B (A and B: comma-separated classes), npz:PATH"
TASK_FIELDS = tuple(field.name for field in dataclasses.fields(ImageTask))
# A split of a source: images, and the class of each.
Arrays = tuple[np.ndarray, np.ndarray]


def load_task(spec: str, size: int | None = None, data_dir: str | None = None, seed: int = 0) -> ImageTask:
    """Loads a binary task by its name.

    Args:
        spec: "digits:5,7-vs-2,4" (scikit-learn's bundled digits as 16x16x1), "mnist:5-vs-7",
            "cifar10:automobile-vs-airplane" (positives first), or "npz:PATH" with ImageTask's fields as keys.
        size: keeps the first size / k training images of each of the k subclasses; None keeps all.
        data_dir: where TensorFlow Datasets keeps its data; by default TFDS_DATA_DIR, else its own default.
        seed: accepted for sources that split at random; those here are split already.

    Raises:
        ValueError: for an unknown source or class, a bad file, or a size that does not divide.
        FileNotFoundError: for a file or data set that is not there and cannot be fetched.
    """
    source, rest = check_source(spec)
    if source == "npz":
        return _load_npz(Path(rest).expanduser()).reduced(size)
    return _binary_task(rest, *load_classes(source, data_dir)).reduced(size)


def check_source(spec: str) -> tuple[str, str]:
    """What stands before and after a task's colon.

    Raises:
        ValueError: for an unknown source.
    """
    source, _, rest = spec.partition(":")
    if source != "npz" and source not in SOURCES:
        raise ValueError(f"task {spec!r} is unknown: accepted are {ACCEPTED}")
    return source, rest


def load_classes(source: str, data_dir: str | None = None) -> tuple[tuple[str, ...], Arrays, Arrays]:
    """All classes of "digits", "mnist" or "cifar10": class names, then training and test images with classes.

    Raises:
        FileNotFoundError: for a data set that is not there and cannot be fetched.
    """
    return _digits() if source == "digits" else _tfds(source, data_dir)


def parse_classes(pairing: str, class_names: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """ "5,7-vs-2,4" -> class indices of the positives and of the negatives.

    Raises:
        ValueError: unless both sides name known classes, each once.
    """
    sides = [[name.strip() for name in side.split(",")] for side in pairing.split("-vs-")]
    named = [name for side in sides for name in side]
    unknown = [name for name in named if name not in class_names]
    if len(sides) != 2 or unknown or len(set(named)) < len(named):
        problem = f"unknown class {unknown[0]!r}" if len(sides) == 2 and unknown else f"cannot read {pairing!r}"
        raise ValueError(
            f"{problem}: accepted is A-vs-B, each a comma-separated list of {', '.join(class_names)}, none twice"
        )
    positives, negatives = ([class_names.index(name) for name in side] for side in sides)
    return positives, negatives


def _binary_task(pairing: str, class_names: tuple[str, ...], train: Arrays, test: Arrays) -> ImageTask:
    positives, negatives = parse_classes(pairing, class_names)
    (images, classes), (test_images, test_classes) = (_only(arrays, positives + negatives) for arrays in (train, test))
    return ImageTask(
        images=images,
        labels=np.isin(classes, positives).astype(np.int64),
        test_images=test_images,
        test_labels=np.isin(test_classes, positives).astype(np.int64),
        subclass_labels=classes,
        class_names=tuple(",".join(class_names[index] for index in side) for side in (negatives, positives)),
    )


def _only(arrays: Arrays, classes: list[int]) -> Arrays:
    kept = np.isin(arrays[1], classes)
    return arrays[0][kept], arrays[1][kept].astype(np.int64)


def _digits() -> tuple[tuple[str, ...], Arrays, Arrays]:
    """scikit-learn's digits, doubled to 16x16; the first 70% of each digit train, the others test.

    The file is ordered by writer, so the test images are, but for a few at the cut, by other hands.
    """
    from scipy import ndimage
    from sklearn.datasets import load_digits

    digits = load_digits()
    doubled = ndimage.zoom(digits.images, (1, 2, 2), order=1, grid_mode=True, mode="nearest")
    images = np.round(doubled * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    train = np.zeros(len(images), bool)
    for digit in range(10):
        members = np.flatnonzero(digits.target == digit)
        train[members[: round(0.7 * len(members))]] = True
    return (
        tuple(map(str, range(10))),
        (images[train], digits.target[train]),
        (images[~train], digits.target[~train]),
    )


def _tfds(name: str, data_dir: str | None) -> tuple[tuple[str, ...], Arrays, Arrays]:
    import tensorflow_datasets as tfds

    root = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    # Read straight from the folder: tfds.load would ask the network for a newer version, and stall without one.
    prepared = sorted(path.parent for path in (root / name).glob("*/dataset_info.json"))
    if not prepared:
        _download(name, root)
        return _tfds(name, str(root))
    builder = tfds.builder_from_directory(prepared[-1])
    splits = [
        tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, shuffle_files=False))
        for split in ("train", "test")
    ]
    train, test = ((split["image"], split["label"]) for split in splits)
    return tuple(builder.info.features["label"].names), train, test


def _download(name: str, root: Path) -> None:
    import tensorflow_datasets as tfds

    try:
        # Asked first, as a download without a network would hang rather than fail.
        socket.create_connection(("storage.googleapis.com", 443), timeout=5).close()
        tfds.builder(name, data_dir=root).download_and_prepare()
    except (OSError, tfds.download.DownloadError) as error:
        raise FileNotFoundError(
            f"data set {name!r} is not in {root}, and cannot be downloaded without a network: "
            "give the folder that TensorFlow Datasets keeps it in (data_dir, --data-dir or TFDS_DATA_DIR)"
        ) from error


def _load_npz(path: Path) -> ImageTask:
    if not path.is_file():
        raise FileNotFoundError(
            f"file {path} is not there: accepted is npz:PATH of a file with the keys {', '.join(TASK_FIELDS)}"
        )
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as archive:
            fields = {key: archive[key] for key in archive.files}
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"file {path} is no .npz archive of plain arrays: {error}") from error
    unknown = sorted(set(fields) - set(TASK_FIELDS))
    if "images" not in fields or unknown:
        problem = f"has the unknown key {unknown[0]!r}" if unknown else "has no key 'images'"
        raise ValueError(f"file {path} {problem}: accepted are {', '.join(TASK_FIELDS)}")
    if "class_names" in fields:
        fields["class_names"] = tuple(map(str, np.atleast_1d(fields["class_names"])))
    task = ImageTask(**fields)
    shared = {image.tobytes() for image in task.images} & {image.tobytes() for image in _tests_of(task)}
    if shared:
        raise ValueError(f"file {path} has {len(shared)} test images among its training images: accepted is none")
    return task


def _tests_of(task: ImageTask) -> np.ndarray:
    return task.images[:0] if task.test_images is None else task.test_images
