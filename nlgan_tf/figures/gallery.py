"""A gallery of single images, each with a caption."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.figures.samples import as_rgb
from nlgan_tf.figures.save import plain_style, plain_text

COLUMNS = 8


@plain_style()
def gallery(images: np.ndarray, captions: Sequence[tuple[str, ...]], title: str = "", columns: int = COLUMNS) -> Figure:
    """Returns a figure of images in rows from left to right, each above its caption.

    Args:
        images: Images, values in [0, 255], shape (n, h, w, c), n at least 1.
        captions: Lines under each image, length n.
        title: Title of the figure.
        columns: Number of images in a row.
    """
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    lines = max(map(len, captions))
    figure = Figure(figsize=(1.5 * columns, (1.5 + 0.2 * lines) * rows + 0.4 * bool(title)), layout="constrained")
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in places[len(images) :]:
        axes.axis("off")
    for axes, image, caption in zip(places, as_rgb(images), captions, strict=False):
        axes.imshow(image, interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        # A label of the axis, for which the layout leaves room.
        axes.set_xlabel("\n".join(map(plain_text, caption)), fontsize=8)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure
