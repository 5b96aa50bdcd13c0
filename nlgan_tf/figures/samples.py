"""samples.png: noisy and drawn images side by side, as the paper's figure 3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nlgan_tf.figures.save import plain_style, plain_text

WHITE = 255
# A title, and images of shape (n, h, w, c), n from 0.
Group = tuple[str, np.ndarray]


def as_rgb(images: np.ndarray) -> np.ndarray:
    """Returns images as they are seen: grey or colour, on white where an opacity lets it through, as in PNG.

    Args:
        images: Images, values in [0, 255], shape (n, h, w, c). Channels are grey (c = 1), grey and opacity (2), red,
            green and blue (3), or these and opacity (4); of more channels the first three are shown.

    Returns:
        uint8, shape (n, h, w, 3).
    """
    channels = images.shape[-1]
    colours, opacity = (1, 2) if channels <= 2 else (3, 4)
    seen = images[..., :colours].astype(np.float32)
    if channels == opacity:
        share = images[..., colours:].astype(np.float32) / WHITE
        seen = share * seen + (1 - share) * WHITE
    return np.broadcast_to(np.round(seen).astype(np.uint8), (*images.shape[:-1], 3))


def tile(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Returns the first rows x columns images as one image, uint8, shape (h, w, 3), with a white line between them.

    Args:
        images: Images, values in [0, 255], shape (n, h, w, c); places without an image stay white.
        rows, columns: Size of the grid, each at least 1.
    """
    height, width = images.shape[1:3]
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), WHITE, np.uint8)
    for index, image in enumerate(as_rgb(images[: rows * columns])):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet


def noisy_and_drawn(
    class_names: tuple[str, str], noisy: tuple[np.ndarray, np.ndarray], drawn: tuple[np.ndarray, np.ndarray]
) -> list[Group]:
    """Returns figure 3's four groups: noisy positives and negatives, drawn positives and negatives.

    The noisy images are shuffled, each time alike: a folder's order goes by file name, and its first files may be of
    one kind.

    Args:
        class_names: Names, (negative, positive).
        noisy, drawn: Images, shape (n, h, w, c), and labels, shape (n,).
    """
    images, labels = noisy
    order = np.random.default_rng(0).permutation(len(labels))
    return [
        (f"{kind} {class_names[label]}", images[labels == label])
        for kind, (images, labels) in (("noisy", (images[order], labels[order])), ("drawn", drawn))
        for label in (1, 0)
    ]


def show_grid(axes: Axes, title: str, images: np.ndarray, rows: int, columns: int) -> None:
    """Fills axes with a titled grid of the first rows x columns images, shape (n, h, w, c)."""
    axes.imshow(tile(images, rows, columns), interpolation="nearest")
    axes.set_title(plain_text(title), fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


@plain_style()
def sample_grids(groups: Sequence[Group], rows: int = 8, columns: int = 8) -> Figure:
    """Returns a figure with one titled grid of images a group, side by side.

    Args:
        groups: Titles and images, one or more.
        rows, columns: Size of each grid.
    """
    figure = Figure(figsize=(3 * len(groups), 3.3), layout="constrained")
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (title, images) in zip(panels, groups, strict=True):
        show_grid(axes, title, images, rows, columns)
    return figure
