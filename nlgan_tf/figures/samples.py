"""samples.png: noisy and drawn images side by side, as the paper's figure 3."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
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


def noisy_and_drawn(
    class_names: tuple[str, str], noisy: tuple[np.ndarray, np.ndarray], drawn: tuple[np.ndarray, np.ndarray]
) -> dict[str, np.ndarray]:
    """Figure 3's four groups of images by their titles: noisy positives and negatives, drawn positives and negatives.

    Args:
        class_names: (negative, positive).
        noisy, drawn: images, shape (n, h, w, c), and labels, shape (n,).
    """
    return {
        f"{kind} {class_names[label]}": images[labels == label]
        for kind, (images, labels) in (("noisy", noisy), ("drawn", drawn))
        for label in (1, 0)
    }


def show_grid(axes: Axes, title: str, images: np.ndarray, rows: int, columns: int) -> None:
    """Fills axes with a titled grid of the first rows x columns images."""
    sheet = tile(images, rows, columns)
    # Grey images are shown as RGB: matplotlib would colour a single channel.
    sheet = np.broadcast_to(sheet, (*sheet.shape[:2], 3))
    axes.imshow(sheet, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def write_samples(path: Path, groups: dict[str, np.ndarray], rows: int = 8, columns: int = 8) -> None:
    """Writes a PNG with one titled grid of images a group, side by side."""
    figure = Figure(figsize=(3 * len(groups), 3.3), layout="constrained")
    for axes, (title, images) in zip(figure.subplots(1, len(groups)), groups.items(), strict=True):
        show_grid(axes, title, images, rows, columns)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")
