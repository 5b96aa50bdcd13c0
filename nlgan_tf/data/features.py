"""Images as feature vectors, for the methods that train no network."""

from __future__ import annotations

import numpy as np

from nlgan_tf.data.checks import check_images
from nlgan_tf.errors import InputError

# Three cells of 8 pixels, the least that HOG's default blocks need.
LEAST_SIDE = 24


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


def _scaled(images: np.ndarray) -> np.ndarray:
    return np.asarray(images, np.float32) / 255
