"""What images, labels and batches must be: every entrance of the package checks here."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.errors import InputError


def check_images(images: ArrayLike, shape: tuple[int, int, int] | None = None) -> np.ndarray:
    """Public images: uint8, or floats in [0, 255] as float32, shape (n, h, w, c).

    Raises:
        InputError: for another dtype, rank, image shape or range, or NaN.
    """
    array = np.asarray(images)
    if array.ndim != 4 or (shape is not None and array.shape[1:] != tuple(shape)):
        wanted = "(n, height, width, channels)" if shape is None else f"(n, {', '.join(map(str, shape))})"
        raise InputError(f"images have shape {array.shape}: accepted is {wanted}")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"images have dtype {array.dtype}: accepted are uint8, and floats in [0, 255]")
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if not (low >= 0 and high <= 255):
        raise InputError(f"images hold values from {low:g} to {high:g}: accepted are floats in [0, 255]")
    if 0 < high <= 1:
        warnings.warn(
            f"the largest image value is {high:g}: images are expected in [0, 255], not in [0, 1]",
            stacklevel=3,
        )
    return array.astype(np.float32)


def check_batches(batch_size: int, samples_per_epoch: int) -> None:
    """InputError unless a batch halves between the classes and an epoch holds at least one."""
    if batch_size < 2 or batch_size % 2:
        raise InputError(f"batch_size={batch_size} cannot be halved between the classes: accepted are even sizes")
    if samples_per_epoch < batch_size:
        raise InputError(
            f"samples_per_epoch={samples_per_epoch} is less than batch_size={batch_size}: accepted is one batch or more"
        )


def check_labels(labels: ArrayLike, length: int | None = None, minimum_per_class: int = 2) -> np.ndarray:
    """Labels as an int64 vector of 0 (negative) and 1 (positive).

    Raises:
        InputError: if a label is not 0 or 1, the length is not `length`, or a class has too few members.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or (length is not None and len(array) != length):
        wanted = "one dimension" if length is None else f"shape ({length},), one label an image"
        raise InputError(f"labels have shape {array.shape}: accepted is {wanted}")
    wrong = [value for value in dict.fromkeys(array.tolist()) if value not in (0, 1)]
    if wrong:
        shown = ", ".join(map(repr, wrong[:5])) + (", ..." if len(wrong) > 5 else "")
        raise InputError(f"labels hold {shown}: accepted are 0 (negative) and 1 (positive)")
    array = array.astype(np.int64)
    positives = int(array.sum())
    if min(positives, len(array) - positives) < minimum_per_class:
        raise InputError(
            f"labels hold {positives} positives and {len(array) - positives} negatives: "
            f"at least {minimum_per_class} of each are needed"
        )
    return array
