"""Two groups of points with wrong labels."""

import numpy as np


def two_blobs(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.tile([1, 0], n // 2)
    return rng.normal(size=(n, 2)) + 3 * labels[:, np.newaxis], labels
