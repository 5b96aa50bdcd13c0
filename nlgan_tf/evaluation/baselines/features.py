"""Images as feature vectors, for the methods that train no network."""

from __future__ import annotations

import numpy as np

from nlgan_tf.data.checks import check_images


def features(images: np.ndarray) -> np.ndarray:
    """Returns grey images as raw pixels in [0, 1], colour images as histograms of oriented gradients (HOG).

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).

    Returns:
        float32, shape (n, number of features).

    Raises:
        InputError: For other images.
    """
    images = check_images(images)
    scaled = np.asarray(images, np.float32) / 255
    if images.shape[-1] == 1:
        return scaled.reshape(len(images), -1)
    from skimage.feature import hog

    return np.stack([hog(image, channel_axis=-1) for image in scaled]).astype(np.float32)
