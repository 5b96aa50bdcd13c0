"""Sources of many classes: which of them a task takes as positive and which as negative."""

from __future__ import annotations

from typing import Any

import numpy as np

from nlgan_tf.errors import InputError

# A split of a source: images, and the class of each.
Arrays = tuple[np.ndarray, np.ndarray]
# Class names, and the training and the test split.
Classes = tuple[tuple[str, ...], Arrays, Arrays]
# Fields of an ImageTask by name, not checked yet.
TaskFields = dict[str, Any]


def split_pairing(pairing: str, source: str = "SOURCE") -> tuple[list[str], list[str]]:
    """Returns the class names of the positives and of the negatives: "5,7-vs-2,4" -> (["5", "7"], ["2", "4"]).

    Raises:
        InputError: Unless two sides name classes, each once.
    """
    sides = [[name.strip() for name in side.split(",")] for side in pairing.split("-vs-")]
    named = [name for side in sides for name in side]
    problem = f"got {pairing!r}" if pairing.strip() else "got no classes"
    if len(sides) != 2 or not all(named):
        raise InputError(f"Expected classes A-vs-B after {source}:, positives first, as in 5,7-vs-2,4; {problem}")
    if len(set(named)) < len(named):
        raise InputError(f"Expected no class twice in A-vs-B after {source}:; {problem}")
    return sides[0], sides[1]


def parse_classes(pairing: str, class_names: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Returns the class indices of the positives and of the negatives of "5,7-vs-2,4".

    Raises:
        InputError: Unless two sides name known classes, each once.
    """
    positives, negatives = split_pairing(pairing)
    for name in (*positives, *negatives):
        if name not in class_names:
            raise InputError(f"Expected classes among {', '.join(class_names)}; got {name!r} in {pairing!r}")
    return tuple([class_names.index(name) for name in side] for side in (positives, negatives))


def binary_task(pairing: str, class_names: tuple[str, ...], train: Arrays, test: Arrays) -> TaskFields:
    """Returns the fields of the task of "5,7-vs-2,4"; errors as `parse_classes`."""
    positives, negatives = parse_classes(pairing, class_names)
    (images, classes), (test_images, test_classes) = (_only(arrays, positives + negatives) for arrays in (train, test))
    return {
        "images": images,
        "labels": np.isin(classes, positives).astype(np.int64),
        "test_images": test_images,
        "test_labels": np.isin(test_classes, positives).astype(np.int64),
        "subclass_labels": classes,
        "class_names": tuple(",".join(class_names[index] for index in side) for side in (negatives, positives)),
    }


def _only(arrays: Arrays, classes: list[int]) -> Arrays:
    kept = np.isin(arrays[1], classes)
    return arrays[0][kept], arrays[1][kept].astype(np.int64)
