"""Identical images: repeated ones within a set, and test images among training images."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_images

# A gray level in steps: values that differ by less are equal, as rounding in float32 separates them.
STEPS_A_LEVEL = 128


def groups_of_equal_images(images: ArrayLike) -> np.ndarray:
    """Returns one number per image, the same for identical images.

    Images are compared by their values: 7 in uint8 equals 7.0 in float32.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).

    Returns:
        int64 array, shape (n,), numbered from 0 in the order of first appearance.

    Raises:
        InputError: For images that are not accepted.
    """
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in _keys(check_images(images))], np.int64)


def count_shared(images: ArrayLike, others: ArrayLike) -> int:
    """Returns how many of `others` are also among `images`; arguments and errors as `groups_of_equal_images`."""
    known = set(_keys(check_images(images)))
    return sum(key in known for key in _keys(check_images(others)))


def _keys(images: np.ndarray) -> list[bytes]:
    return [hashlib.blake2b(_values(image).tobytes(), digest_size=16).digest() for image in images]


def _values(image: np.ndarray) -> np.ndarray:
    """The image as integers: uint8 gray levels where all values are whole, else uint16 parts of a level."""
    if image.dtype == np.uint8:
        return image
    steps = np.rint(image * STEPS_A_LEVEL).astype(np.uint16)
    levels, rest = np.divmod(steps, STEPS_A_LEVEL)
    return steps if rest.any() else levels.astype(np.uint8)
