"""folder:PATH -> the fields of a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlgan_tf.data.duplicates import groups_of_equal_images
from nlgan_tf.data.sources.classes import TaskFields
from nlgan_tf.data.sources.folder.labels import Classes, choose_classes
from nlgan_tf.data.sources.folder.listing import Listing, list_folder
from nlgan_tf.data.sources.folder.reading import LARGEST, SMALLEST, Images, read_images
from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.errors import InputError

# Groups of equal images that a remark names.
SHOWN = 5


def load_folder(path: str, reading: Reading) -> TaskFields:
    """Returns the fields of a task from a folder: images, noisy labels, files, remarks, and the test part, if any.

    The labels of the training part may be wrong; those of the test part count as true.

    Raises:
        FileNotFoundError: For a folder that does not exist.
        InputError: For a folder in no known layout, files that cannot be read unless they are skipped, labels that
            `choose_classes` refuses, or a test image among the training images.
    """
    parts = [part for part in list_folder(path, reading) if part is not None]
    classes = choose_classes([label for part in parts for label in part.labels], reading.positive)
    read = _read_together(parts, reading)
    (train, images), *tests = zip(parts, read, strict=True)
    files, labels = kept_of(train, images)
    noisy_labels = classes.apply(labels)
    fields = {
        "images": images.images,
        "noisy_labels": noisy_labels,
        "files": files,
        "class_names": classes.names,
        "remarks": (
            *_remarks(parts, read, reading, classes),
            *duplicates(images.images, files, noisy_labels, classes.names),
        ),
    }
    for part, held in tests:
        test_files, test_labels = kept_of(part, held)
        _check_apart(files, images.images, test_files, held.images)
        fields |= {"test_images": held.images, "test_labels": classes.apply(test_labels, "labels of test/")}
    return fields


def duplicates(images: np.ndarray, files: Sequence[str], labels: np.ndarray, names: tuple[str, str]) -> list[str]:
    """Returns remarks on equal images: how many there are, and by name those whose labels contradict each other."""
    groups = groups_of_equal_images(images)
    sizes = np.bincount(groups)
    repeated = [np.flatnonzero(groups == group) for group in np.flatnonzero(sizes > 1)]
    if not repeated:
        return []
    shown = "; ".join(" = ".join(files[index] for index in same) for same in repeated[:SHOWN])
    more = f" and {len(repeated) - SHOWN} more groups" if len(repeated) > SHOWN else ""
    remarks = [f"Images that repeat another one: {int((sizes - 1).sum())} ({shown}{more})"]
    for same in repeated:
        if len({int(labels[index]) for index in same}) > 1:
            given = ", ".join(f"{files[index]} ({names[labels[index]]})" for index in same)
            remarks.append(f"Equal images with labels that contradict each other: {given}")
    return remarks


def kept_of(part: Listing, read: Images) -> tuple[tuple[str, ...], list[Any]]:
    """Returns files and labels of the photographs that could be read."""
    return tuple(part.files[index] for index in read.kept), [part.labels[index] for index in read.kept]


def refuse_unreadable(causes: dict[str, str], count: int, skip: bool) -> None:
    """InputError that names every file that cannot be read, with its cause, unless they are skipped."""
    if causes and (not skip or len(causes) == count):
        remedy = "" if skip else ": --skip-unreadable (in Python skip_unreadable=True) leaves them out"
        raise InputError(
            f"Expected {count} images that can be read, got {len(causes)} that cannot ({_list(causes)}){remedy}"
        )


def _read_together(parts: list[Listing], reading: Reading) -> list[Images]:
    """The images of all parts, of one size and number of channels."""
    paths = [part.root / file for part in parts for file in part.files]
    known = [part.causes.get(file) for part in parts for file in part.files]
    read = read_images(paths, reading.image_size, {index: cause for index, cause in enumerate(known) if cause})
    names = [file for part in parts for file in part.files]
    refuse_unreadable(
        {names[index]: cause for index, cause in read.causes.items()}, len(names), reading.skip_unreadable
    )
    ends = np.cumsum([len(part.files) for part in parts])
    found = []
    for start, end in zip([0, *ends], ends, strict=False):
        held = (read.kept >= start) & (read.kept < end)
        causes = {index - int(start): cause for index, cause in read.causes.items() if start <= index < end}
        found.append(Images(read.images[held], read.kept[held] - start, causes))
    return found


def _remarks(parts: list[Listing], read: list[Images], reading: Reading, classes: Classes) -> list[str]:
    height, width, channels = read[0].images.shape[1:]
    kind = "grey" if channels == 1 else "colour"
    chosen = "as asked for"
    if reading.image_size is None:
        chosen = (
            f"from the median of the shorter sides, within {SMALLEST} to {LARGEST}; --image-size sets another, and "
            "half the side takes about a quarter of the time"
        )
    remarks = [f"Images are read as {height}x{width} in {kind}, {chosen}"]
    if classes.remark:
        remarks.append(classes.remark)
    causes = {
        part.files[i]: cause for part, images in zip(parts, read, strict=True) for i, cause in images.causes.items()
    }
    if causes:
        remarks.append(f"Skipped files: {len(causes)} ({_list(causes)})")
    if ignored := sum(part.ignored for part in parts):
        remarks.append(f"Ignored files, which are no images or have no label: {ignored}")
    return remarks


def _check_apart(files: Sequence[str], images: np.ndarray, test_files: Sequence[str], test_images: np.ndarray) -> None:
    groups = groups_of_equal_images(np.concatenate([images, test_images]))
    first = {}
    for index, group in enumerate(groups[: len(images)]):
        first.setdefault(group, files[index])
    shared = [
        f"{file} = {first[group]}"
        for file, group in zip(test_files, groups[len(images) :], strict=True)
        if group in first
    ]
    if shared:
        raise InputError(
            f"Expected no test image among the training images, got {len(shared)}: {'; '.join(shared)}: "
            "delete one of each"
        )


def _list(causes: dict[str, str]) -> str:
    return "; ".join(f"{file}: {cause}" for file, cause in causes.items())
