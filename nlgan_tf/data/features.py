"""Images as feature vectors, for the methods that train no network."""

from __future__ import annotations

import numpy as np

from nlgan_tf.data.checks import check_images
from nlgan_tf.errors import InputError

# Three cells of 8 pixels, the least that HOG's default blocks need.
LEAST_SIDE = 24
# Four cells of 4 pixels.
LEAST_DIGIT_SIDE = 16


def features(images: np.ndarray) -> np.ndarray:
    """Returns grey images as raw pixels in [0, 1], colour images as histograms of oriented gradients (HOG).

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).

    Returns:
        float32, shape (n, number of features).

    Raises:
        InputError: For other images, and for colour images below 24 x 24 pixels.
    """
    images = check_images(images)
    if images.shape[-1] == 1:
        return _scaled(images).reshape(len(images), -1)
    return hog_features(images)


def hog_features(images: np.ndarray) -> np.ndarray:
    """Returns histograms of oriented gradients (Dalal and Triggs 2005), by scikit-image's defaults.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c), at least one of them.

    Returns:
        float32, shape (n, number of features); 324 features of 32 x 32 pixels.

    Raises:
        InputError: For other images, and for images below 24 x 24 pixels.
    """
    from skimage.feature import hog

    images = check_images(images)
    height, width = images.shape[1:3]
    if min(height, width) < LEAST_SIDE:
        raise InputError(f"Expected images of at least {LEAST_SIDE} x {LEAST_SIDE} for HOG, got {height} x {width}")
    return np.stack([hog(image, channel_axis=-1) for image in _scaled(images)]).astype(np.float32)


def digit_features(images: np.ndarray) -> np.ndarray:
    """Returns HOG of grey images that `upright` has straightened, in 4 cells a side: 324 features, of any size.

    Args:
        images: Grey images, uint8 or floats in [0, 255], shape (n, h, w, 1), at least one of them.

    Returns:
        float32, shape (n, number of features).

    Raises:
        InputError: For other images, and for images below 16 x 16 pixels.
    """
    from skimage.feature import hog

    images = check_images(images)
    height, width, channels = images.shape[1:]
    if channels != 1 or min(height, width) < LEAST_DIGIT_SIDE:
        least = f"{LEAST_DIGIT_SIDE} x {LEAST_DIGIT_SIDE}"
        raise InputError(f"Expected grey images of at least {least} for their groups, got shape {images.shape}")
    cells = {"pixels_per_cell": (height // 4, width // 4), "cells_per_block": (2, 2)}
    return np.stack([hog(upright(image), **cells) for image in _scaled(images)[..., 0]])


def upright(image: np.ndarray) -> np.ndarray:
    """Returns a grey image of something slanted, on a plain ground, sheared upright and moved to the middle.

    Slant and place, which differ from writer to writer, are the first moments of the ink: what differs from the median
    of the image's border.

    Args:
        image: Grey image in [0, 1], light on dark or dark on light, shape (h, w).

    Returns:
        The ink, float32 in [0, 1], shape (h, w).
    """
    from skimage.transform import AffineTransform, warp

    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    ink = np.abs(image - np.median(border))
    mass = ink.sum()
    if not mass > 0:
        return ink
    rows, columns = np.indices(ink.shape)
    row, column = (rows * ink).sum() / mass, (columns * ink).sum() / mass
    spread = ((rows - row) ** 2 * ink).sum() / mass
    slant = ((rows - row) * (columns - column) * ink).sum() / mass / max(spread, 1e-6)
    middle_row, middle_column = (np.array(ink.shape) - 1) / 2
    # Of (x, y) in the result to (x, y) in the image.
    moved = np.array([[1, slant, column - middle_column - slant * middle_row], [0, 1, row - middle_row], [0, 0, 1]])
    return warp(ink, AffineTransform(moved), preserve_range=True).astype(np.float32)


def _scaled(images: np.ndarray) -> np.ndarray:
    return np.asarray(images, np.float32) / 255
