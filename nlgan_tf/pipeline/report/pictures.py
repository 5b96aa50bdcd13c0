"""Images and figures as data URIs, which a page carries in itself."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import matplotlib
import matplotlib.image
import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.figures.samples import as_rgb
from nlgan_tf.figures.save import plain_style

# The ink of `plain_style`, which a page in the dark shows in a light colour.
BLACK = "#000000"
INK = "<style>svg{color:#1d2127;fill:currentColor}@media(prefers-color-scheme:dark){svg{color:#e6e9ee}}</style>"
POINTS_PER_PIXEL = 0.75


@dataclass(frozen=True)
class Picture:
    """An image of the page.

    Attributes:
        source: Data URI.
        alt: Text in place of the image.
        width, height: Size in CSS pixels.
    """

    source: str
    alt: str
    width: int
    height: int


def of_image(image: np.ndarray, alt: str) -> Picture:
    """Returns one image, values in [0, 255], shape (h, w, c), as a PNG, pixel by pixel."""
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, as_rgb(image[None])[0], format="png")
    return Picture(_data_uri("image/png", buffer.getvalue()), alt, image.shape[1], image.shape[0])


@plain_style()
def of_figure(figure: Figure, alt: str) -> Picture:
    """Returns a figure that was drawn in `plain_style` as an SVG without background, black where the page is light."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    head, start, content = buffer.getvalue().partition("<defs>")
    svg = head + INK + start + content.replace(BLACK, "currentColor")
    width, height = (round(inches * 72 / POINTS_PER_PIXEL) for inches in figure.get_size_inches())
    return Picture(_data_uri("image/svg+xml", svg.encode()), alt, width, height)


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
