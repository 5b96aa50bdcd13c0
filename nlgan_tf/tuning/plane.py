"""The alpha/beta plane of a search as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from nlgan_tf.figures.save import plain_style
from nlgan_tf.tuning.trials import TrialRow

PAPER = (5.0, 0.5)


@plain_style()
def alpha_beta_plane(rows: Sequence[TrialRow], objective: str) -> Figure:
    """Returns a figure of each trial at its alpha and beta, coloured by its objective, the best and the paper's marked.

    Args:
        rows: Trials; those without alpha or beta among their values are left out.
        objective: Name of the objective.
    """
    rows = [row for row in rows if {"alpha", "beta"} <= row.values.keys()]
    completed = [row for row in rows if row.score is not None]
    failed = [row for row in rows if row.score is None]
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    if completed:
        points = axes.scatter(*_positions(completed), c=[row.score for row in completed], s=90, cmap="viridis")
        figure.colorbar(points, label=objective.replace("_", " "))
        best = max(completed, key=lambda row: row.score)
        axes.scatter(*_positions([best]), s=260, facecolors="none", edgecolors="tab:red", linewidths=2, label="best")
    if failed:
        axes.scatter(*_positions(failed), marker="x", color="black", label="failed")
    axes.scatter(*PAPER, marker="+", s=160, color="black", linewidths=1.5, label="the paper's, by hand")
    axes.set(xscale="log", yscale="log", xlabel="alpha, weight of the noisy labels", ylabel="beta, adversarial weight")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, frameon=False)
    return figure


def _positions(rows: list[TrialRow]) -> tuple[list[float], list[float]]:
    return [row.values["alpha"] for row in rows], [row.values["beta"] for row in rows]
