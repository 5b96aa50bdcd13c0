"""The paper's figure 1: a histogram of D's outputs with the deltas that were read from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.files import whole_file

BINS = 60


def write_histogram(path: Path, outputs: np.ndarray, noisy_labels: np.ndarray, delta_p: float, delta_n: float) -> None:
    """Writes a PNG: D's outputs in [0, 1], shape (n,), stacked by noisy label, and both deltas as lines."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    groups = {"noisy positives": outputs[noisy_labels == 1], "noisy negatives": outputs[noisy_labels == 0]}
    axes.hist(list(groups.values()), bins=BINS, range=(0, 1), stacked=True, label=list(groups))
    for symbol, delta, style in (("P", delta_p, "--"), ("N", delta_n, ":")):
        axes.axvline(delta, color="black", linestyle=style, label=rf"$\delta_{symbol}$ = {delta:.3f}")
    axes.set(xlabel="output of D", ylabel="training images", xlim=(0, 1))
    axes.legend(frameon=False)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")
