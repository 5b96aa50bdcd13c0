"""samples.png: noisy and drawn images side by side, as the paper's figure 3."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.files import whole_file


def tile(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The first rows x columns images, shape (n, h, w, c), as one image with a white line between them."""
    height, width, channels = images.shape[1:]
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 255, np.uint8)
    for index, image in enumerate(images[: rows * columns]):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        sheet[top : top + height, left : left + width] = np.round(image).astype(np.uint8)
    return sheet


def write_samples(path: Path, groups: dict[str, np.ndarray], rows: int = 8, columns: int = 8) -> None:
    """Writes a PNG with one titled grid of images a group, side by side."""
    figure = Figure(figsize=(3 * len(groups), 3.3), layout="constrained")
    for axes, (title, images) in zip(figure.subplots(1, len(groups)), groups.items(), strict=True):
        # Grey images are drawn as RGB: matplotlib would colour a single channel.
        sheet = tile(images, rows, columns)
        axes.imshow(sheet if sheet.shape[-1] == 3 else sheet[..., :1].repeat(3, axis=-1), interpolation="nearest")
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")
