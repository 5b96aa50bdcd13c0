"""Rows of drawn images: from one z to another, and each above the nearest real image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.figures.samples import show_grid
from nlgan_tf.figures.save import plain_style

WIDTH, HEIGHT_OF_TITLE = 9.0, 0.4


@plain_style()
def interpolation(class_names: tuple[str, str], paths: Mapping[int, np.ndarray]) -> Figure:
    """Returns a figure of one row a generator: images on the path from one z to another.

    Args:
        class_names: Names, (negative, positive).
        paths: Images, values in [0, 255], shape (steps, h, w, c), by label.
    """
    titles = {label: f"{'G_P' if label else 'G_N'}, {class_names[label]}: from one z to another" for label in paths}
    return _panels({titles[label]: images[np.newaxis] for label, images in paths.items()}, ("",))


@plain_style()
def neighbours(class_names: tuple[str, str], pairs: Mapping[int, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Returns a figure of one panel a class: drawn images, each above the nearest real image.

    Args:
        class_names: Names, (negative, positive).
        pairs: Drawn images and the nearest real image of each, values in [0, 255], shape (n, h, w, c), by label.
    """
    panels = {f"{'G_P' if label else 'G_N'}, {class_names[label]}": np.stack(pair) for label, pair in pairs.items()}
    return _panels(panels, ("drawn", "nearest real"))


def _panels(panels: Mapping[str, np.ndarray], names: tuple[str, ...]) -> Figure:
    """Panels one above the other, each of images, shape (rows, columns, h, w, c), with the names of the rows."""
    rows, columns, height, width, _ = next(iter(panels.values())).shape
    size = WIDTH * rows * height / (columns * width) + HEIGHT_OF_TITLE
    figure = Figure(figsize=(WIDTH, size * len(panels)), layout="constrained")
    for axes, (title, images) in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels.items(), strict=True):
        show_grid(axes, title, images.reshape(-1, *images.shape[2:]), rows, columns)
        axes.set_yticks([(height + 1) * row + height / 2 for row in range(rows)], names)
        axes.tick_params(left=False)
    return figure
