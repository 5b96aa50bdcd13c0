"""What the convolutional networks ask of an image shape."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nlgan_tf.errors import InputError

# Section 3.1: filters of the convolutions, level by level, and units of the hidden FC layer.
FILTERS = (64, 128, 256)
HIDDEN_UNITS = 1024


def check_image_shape(image_shape: tuple[int, int, int], divisor: int = 1) -> tuple[int, int, int]:
    """(height, width, channels) as ints; InputError unless both sides are multiples of `divisor`."""
    shape = tuple(image_shape)
    if len(shape) != 3 or min(shape) < 1 or shape[0] % divisor or shape[1] % divisor:
        raise InputError(
            f"image shape {shape} does not fit: accepted is (height, width, channels) "
            f"with height and width divisible by {divisor}"
        )
    return tuple(int(side) for side in shape)


def default_levels(image_shape: tuple[int, int, int]) -> int:
    """Stride-2 levels of D and G: three for colour images such as CIFAR-10's, as in section 3.1, else two."""
    height, width, channels = check_image_shape(image_shape, divisor=4)
    return 3 if channels == 3 and height % 8 == 0 and width % 8 == 0 else 2


def check_levels(levels: int | None, image_shape: tuple[int, int, int], most: int) -> int:
    """`levels`, or the default for the shape; InputError outside 1 to `most`."""
    if levels is None:
        return default_levels(image_shape)
    if not 1 <= levels <= most:
        raise InputError(f"levels={levels} is out of range: accepted are 1 to {most}")
    return levels


def scaled(units: int, width: float) -> int:
    """A layer's size at a relative width: at least one unit. ValueError for a width that is not above 0."""
    if not 0 < width < math.inf:
        raise InputError(f"width={width} is out of range: accepted are finite values above 0")
    return max(1, round(units * width))


def layer_seeds(seed: int) -> Iterator[int]:
    """One seed a layer, all from the network's seed."""
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(2**31))
