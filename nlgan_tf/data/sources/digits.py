"""scikit-learn's bundled digits, at 16x16 pixels."""

from __future__ import annotations

import numpy as np

from nlgan_tf.data.sources.classes import Classes


def load_digits(_data_dir: str | None = None) -> Classes:
    """Returns scikit-learn's digits, doubled to 16x16: the first 70% of each digit for training, the others for test.

    The digits are ordered by writer, so all test images but a few at the cut are by other hands.
    """
    from scipy import ndimage
    from sklearn import datasets

    digits = datasets.load_digits()
    doubled = ndimage.zoom(digits.images, (1, 2, 2), order=1, grid_mode=True, mode="nearest")
    images = np.round(doubled * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    train = np.zeros(len(images), bool)
    for digit in range(10):
        members = np.flatnonzero(digits.target == digit)
        train[members[: round(0.7 * len(members))]] = True
    return (
        tuple(map(str, range(10))),
        (images[train], digits.target[train]),
        (images[~train], digits.target[~train]),
    )
