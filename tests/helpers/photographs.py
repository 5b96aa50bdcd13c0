"""Folders of small photographs for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def pixels(seed: int, height: int = 20, width: int = 24, channels: int = 3) -> np.ndarray:
    """Pixels that no other seed has, uint8, shape (height, width, channels), without the last axis of one channel."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write(path: Path, seed: int, **shape: int) -> Path:
    """Writes a photograph in the format of its suffix, and returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed, **shape)).save(path)
    return path


def class_folders(root: Path, counts: dict[str, int], **shape: int) -> Path:
    """Writes PNG files 0.png, 1.png and so on into a folder for each class, and returns the root."""
    for place, (name, count) in enumerate(counts.items()):
        for index in range(count):
            write(root / name / f"{index}.png", 1000 * place + index, **shape)
    return root
