"""Checks of image shapes, and sizes of layers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nlgan_tf.compat.keras import check_settings
from nlgan_tf.data.checks import check_seed
from nlgan_tf.errors import InputError

# Section 3.1: filters of the convolutions, level by level, units of the hidden FC layer, and length of z.
FILTERS = (64, 128, 256)
HIDDEN_UNITS = 1024
LATENT_DIM = 100


def check_image_shape(image_shape: tuple[int, int, int], divisor: int = 1) -> tuple[int, int, int]:
    """Returns (height, width, channels) as ints.

    Args:
        image_shape: Shape of one image.
        divisor: Number that must divide height and width.

    Raises:
        InputError: For another shape, or settings of Keras under which networks cannot be built.
    """
    check_settings()
    shape = tuple(image_shape)
    if len(shape) != 3 or not all(isinstance(side, int | np.integer) and side > 0 for side in shape):
        raise InputError(f"Expected an image shape (height, width, channels), got {shape}")
    if shape[0] % divisor or shape[1] % divisor:
        raise InputError(
            f"Expected images whose height and width are divisible by {divisor}, got {shape[0]}x{shape[1]}: "
            f"pad or resize them, to {_next(shape[0], divisor)}x{_next(shape[1], divisor)} for instance"
        )
    return tuple(int(side) for side in shape)


def _next(side: int, divisor: int) -> int:
    return -(-side // divisor) * divisor


def default_levels(image_shape: tuple[int, int, int]) -> int:
    """Number of stride-2 levels of D and G (section 3.1): three for colour images of sides divisible by 8, else two."""
    height, width, channels = check_image_shape(image_shape, divisor=4)
    return 3 if channels == 3 and height % 8 == 0 and width % 8 == 0 else 2


def check_levels(levels: int | None, image_shape: tuple[int, int, int], most: int) -> int:
    """Returns `levels`, or the default for the shape; InputError outside 1 to `most`."""
    if levels is None:
        return default_levels(image_shape)
    if not 1 <= levels <= most:
        raise InputError(f"Expected levels from 1 to {most}, got {levels}")
    return levels


def scaled(units: int, width: float) -> int:
    """A layer's units at a relative width, at least one; InputError for a width that is not finite and above 0."""
    if not 0 < width < math.inf:
        raise InputError(f"Expected width to be finite and above 0, got {width}")
    return max(1, round(units * width))


def layer_seeds(seed: int) -> Iterator[int]:
    """Yields one seed a layer, all from the network's seed; InputError for a seed below 0."""
    rng = np.random.default_rng(check_seed(seed))
    while True:
        yield int(rng.integers(2**31))
