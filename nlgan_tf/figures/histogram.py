"""The paper's figure 1: histograms of D's outputs with the deltas that were read from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.figures.save import plain_style, plain_text

BINS = 60


@dataclass(frozen=True)
class Panel:
    """One histogram.

    Attributes:
        title: Title.
        outputs: D's outputs in [0, 1], shape (n,).
        delta_p, delta_n: Deltas, drawn as lines.
    """

    title: str
    outputs: np.ndarray
    delta_p: float
    delta_n: float


@plain_style()
def histograms(noisy_labels: np.ndarray, panels: Sequence[Panel]) -> Figure:
    """Returns a figure of the panels side by side, each stacked by noisy label.

    Args:
        noisy_labels: Labels of the outputs, 0 or 1, shape (n,).
        panels: Histograms, one or more.
    """
    figure = Figure(figsize=(5.2 * len(panels), 3.6), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        groups = [panel.outputs[noisy_labels == 1], panel.outputs[noisy_labels == 0]]
        axes.hist(groups, bins=BINS, range=(0, 1), stacked=True, label=["noisy positives", "noisy negatives"])
        for symbol, delta, style in (("P", panel.delta_p, "--"), ("N", panel.delta_n, ":")):
            # Up to where the legend begins.
            label = f"delta_{symbol} = {delta:.3f}"
            axes.axvline(delta, ymax=0.82, color="black", linestyle=style, label=label)
        axes.set(title=plain_text(panel.title), xlabel="output of D", ylabel="training images", xlim=(0, 1))
        axes.margins(y=0.45)  # Room for the legend above the bars.
        axes.legend(frameon=False, ncols=2, loc="upper center")
    return figure
