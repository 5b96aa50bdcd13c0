"""Curves of numbers by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nlgan_tf.figures.save import plain_style, plain_text


@plain_style()
def curves(
    title: str, series: Mapping[str, Sequence[float]], levels: Mapping[str, tuple[float, str]] | None = None
) -> Figure:
    """Returns a small figure of one or more curves over epochs 1 to n.

    Args:
        title: Title.
        series: Numbers by name, one an epoch.
        levels: Values to compare with, by name, each with the name of the series whose colour its dotted line has.
    """
    figure = Figure(figsize=(4.4, 3.2), layout="constrained")
    axes = figure.subplots()
    colours = {}
    for name, values in series.items():
        epochs = range(1, len(values) + 1)
        (line,) = axes.plot(epochs, values, label=plain_text(name), marker="." if len(values) < 20 else "")
        colours[name] = line.get_color()
    for name, (value, of_series) in (levels or {}).items():
        axes.axhline(value, color=colours[of_series], linestyle=":", label=plain_text(name))
    longest = max(map(len, series.values()))
    axes.set(title=plain_text(title), xlabel="epoch", xlim=(0.5, longest + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure
