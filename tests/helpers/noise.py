"""Images of noise, for fixtures that serve a whole file."""

from __future__ import annotations

import numpy as np


def noise_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """What the fixtures `images` and `labels` of tests/conftest.py are to each test."""
    return np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8), np.tile([1, 0], 20)
