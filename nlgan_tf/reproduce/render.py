"""Table 1 as Markdown and as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from nlgan_tf.errors import InputError
from nlgan_tf.figures.save import plain_style, plain_text, save
from nlgan_tf.files import write_text
from nlgan_tf.reproduce.grid import Combination
from nlgan_tf.reproduce.results import TABLE_SUFFIXES
from nlgan_tf.reproduce.summary import Cell, Priors, Row, best, summarise

LEGEND = """\
Test accuracy on clean labels: mean ± standard deviation over seeds, the number of seeds in parentheses, the paper's
value in square brackets, the best of each column in bold. In parentheses after a method: the recipe, and the epochs
of stage one. Each line of [{results}]({results}) is one combination.
"""


def write_table(records: Mapping[Combination, dict], results: Path) -> list[Path]:
    """Writes the table beside the results file, as .md and .png.

    Raises:
        InputError: If there are no records.
    """
    if not records:
        raise InputError(f"Expected at least one result in {results}, got none: run some first")
    text, figure = map(results.with_suffix, TABLE_SUFFIXES)
    tables = summarise(records)
    # Drawn before anything is written: both files are of the same records.
    drawn = _figure(tables)
    write_text(text, markdown(tables, results.name) + _drawn_images(records))
    save(drawn, figure, dpi=120)
    return [text, figure]


def markdown(tables: dict[tuple[str, int], list[Row]], results: str) -> str:
    """Returns all tables, one for each task and size, as Markdown."""
    parts = ["# Table 1 of the paper\n", LEGEND.format(results=results).rstrip()]
    for (task, size), rows in tables.items():
        levels = _levels(rows)
        parts.append(f"\n## {task}, size {size}\n")
        parts.append(f"| method | {' | '.join(f'pi ({p:g}, {n:g})' for p, n in levels)} |")
        parts.append("|---" * (len(levels) + 1) + "|")
        for row in rows:
            cells = [_text(row.cells[level], best(rows, level)) if level in row.cells else "" for level in levels]
            parts.append(f"| {row.title} | {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


def _levels(rows: list[Row]) -> list[Priors]:
    """Returns the noise levels, from clean to noisy."""
    return sorted({level for row in rows for level in row.cells}, key=sum, reverse=True)


def _text(cell: Cell, best_mean: float) -> str:
    mean = _number(cell.mean)
    spread = "" if cell.std is None else f" ± {_number(cell.std)}"
    paper = "" if cell.paper is None else f" [{_number(cell.paper)}]"
    return (f"**{mean}**" if round(cell.mean, 3) == best_mean else mean) + f"{spread} ({cell.seeds}){paper}"


def _number(value: float) -> str:
    """Returns a share as text, such as .953."""
    return f"{value:.3f}".removeprefix("0")


def _drawn_images(records: Mapping[Combination, dict]) -> str:
    """Returns the judge's measurements of drawn images as Markdown, a row for each run."""
    judged = {combination: record for combination, record in records.items() if "purity_p" in record}
    if not judged:
        return ""
    lines = [
        "\n## The drawn images\n",
        "Label purity of the two generators and the share of each class in its generator's images, by a classifier",
        "of all classes that was trained on the clean training set.\n",
        "| combination | epochs | purity of G_P | purity of G_N | classes | the judge's own accuracy |",
        "|---" * 6 + "|",
    ]
    for combination in sorted(judged, key=str):
        record = judged[combination]
        shares = ", ".join(f"{name}: {_number(share)}" for name, share in record["coverage"].items())
        values = [_number(record[name]) for name in ("purity_p", "purity_n")]
        judge = _number(record["judge_accuracy"])
        lines.append(f"| {combination} | {record['epochs']} | {' | '.join(values)} | {shares} | {judge} |")
    return "\n".join(lines) + "\n"


@plain_style()
def _figure(tables: dict[tuple[str, int], list[Row]]) -> Figure:
    """Returns a panel for each task and size: a row for each method, a mark and its seeds for each noise level.

    The paper's marks are hollow, and the best of a level is a star.
    """
    most = max(map(len, tables.values()))
    figure = Figure(figsize=(15, (0.27 * most + 1.3) * ((len(tables) + 1) // 2)), layout="constrained")
    panels = figure.subplots((len(tables) + 1) // 2, 2 if len(tables) > 1 else 1, squeeze=False).ravel()
    levels = _levels([row for rows in tables.values() for row in rows])
    for axes, ((task, size), rows) in zip(panels, tables.items(), strict=False):
        for color, level in enumerate(levels):
            _draw_level(axes, rows, level, f"C{color}")
        axes.set_title(f"{plain_text(task)}, size {size}", fontsize=10)
        axes.set_yticks(range(len(rows)), [row.title for row in rows], fontsize=8)
        axes.invert_yaxis()
        axes.grid(axis="x", alpha=0.3)
        axes.set_xlabel("test accuracy", fontsize=9)
    for axes in panels[len(tables) :]:
        axes.remove()
    handles = [
        panels[0].plot([], [], "o", color=f"C{color}", label=f"pi ({p:g}, {n:g})")[0]
        for color, (p, n) in enumerate(levels)
    ]
    handles += panels[0].plot([], [], "*", color="grey", label="the best")
    handles += panels[0].plot([], [], "s", color="grey", markerfacecolor="none", label="the paper's value")
    handles += panels[0].plot([], [], " ", label="numbers: seeds")
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    return figure


def _draw_level(axes, rows: list[Row], level: Priors, color: str) -> None:
    for place, row in enumerate(rows):
        if level not in row.cells:
            continue
        cell = row.cells[level]
        marker, size = ("*", 9) if round(cell.mean, 3) == best(rows, level) else ("o", 4)
        axes.errorbar(cell.mean, place, xerr=cell.std, fmt=marker, color=color, markersize=size, capsize=2, linewidth=1)
        above = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center"}
        axes.annotate(str(cell.seeds), (cell.mean, place), **above, fontsize=6, color=color)
        if cell.paper is not None:
            axes.plot(cell.paper, place, "s", color=color, markerfacecolor="none", markersize=7)
