"""Sources of many classes: which of them a task takes for positive and which for negative."""

from __future__ import annotations

import numpy as np

from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError

# A split of a source: images, and the class of each.
Arrays = tuple[np.ndarray, np.ndarray]
# Class names, and the training and the test split.
Classes = tuple[tuple[str, ...], Arrays, Arrays]


def parse_classes(pairing: str, class_names: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """ "5,7-vs-2,4" -> class indices of the positives and of the negatives.

    Raises:
        InputError: unless both sides name known classes, each once.
    """
    sides = [[name.strip() for name in side.split(",")] for side in pairing.split("-vs-")]
    named = [name for side in sides for name in side]
    unknown = [name for name in named if name not in class_names]
    if len(sides) != 2 or unknown or len(set(named)) < len(named):
        problem = f"unknown class {unknown[0]!r}" if len(sides) == 2 and unknown else f"cannot read {pairing!r}"
        raise InputError(
            f"{problem}: accepted is A-vs-B, each a comma-separated list of {', '.join(class_names)}, none twice"
        )
    positives, negatives = ([class_names.index(name) for name in side] for side in sides)
    return positives, negatives


def binary_task(pairing: str, class_names: tuple[str, ...], train: Arrays, test: Arrays) -> ImageTask:
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
