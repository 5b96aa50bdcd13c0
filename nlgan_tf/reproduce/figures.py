"""Figure 3 of the paper and learning curves, from run folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.errors import InputError
from nlgan_tf.figures.samples import noisy_and_drawn, show_grid
from nlgan_tf.figures.save import plain_style, plain_text, save
from nlgan_tf.files import claimed
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.folder import HISTORY
from nlgan_tf.recipes import RECIPES

ROWS, COLUMNS = 4, 8
# Panels of the learning curves: title, and history.csv's columns with their labels.
CURVES = {
    "losses": {"d_loss": "L_D", "gp_loss": "L_GP", "gn_loss": "L_GN"},
    "D's mean output": {
        "d_noisy_p": "noisy positives",
        "d_noisy_n": "noisy negatives",
        "d_fake_p": "G_P",
        "d_fake_n": "G_N",
    },
    "D's mean output less delta": {"gap_p": "G_P", "gap_n": "G_N"},
}


def write_figures(run_dirs: Sequence[Path], folder: Path, data_dir: str | None = None) -> list[Path]:
    """Writes figure3.png and learning_curves.png, a row for each run.

    Args:
        run_dirs: Run folders, as `nlgan-tf run` or the option --keep of `nlgan-tf reproduce table1` leaves them.
        folder: Folder of both files, made where it does not exist.
        data_dir: Folder of TensorFlow Datasets' data, for the noisy images.

    Raises:
        InputError: For a folder that is no finished run's.
        OSError: For missing data, or a folder that cannot be written.
    """
    if not run_dirs:
        raise InputError("Expected at least one run folder, got none")
    runs = [FinishedRun(run_dir, data_dir) for run_dir in run_dirs]
    # Before the drawing, which takes longer.
    with claimed(folder):
        figures = {"figure3.png": figure3(runs), "learning_curves.png": learning_curves(runs)}
        for name, figure in figures.items():
            save(figure, folder / name, dpi=130)
    return [folder / name for name in figures]


@plain_style()
def figure3(runs: Sequence[FinishedRun]) -> Figure:
    """Returns the paper's figure 3: for each run noisy positives and negatives, and drawings of G_P and G_N."""
    figure = Figure(figsize=(12, 1.65 * len(runs) + 0.2), layout="constrained")
    for panels, run in zip(figure.subplots(len(runs), 4, squeeze=False), runs, strict=True):
        task, drawn, config = run.task, run.drawn, run.config
        noisy = task.images, task.noisy_labels
        groups = noisy_and_drawn(task.class_names, noisy, (drawn.images, drawn.labels))
        for axes, (title, images) in zip(panels, groups, strict=True):
            show_grid(axes, title, _mixed(images, config.seed), ROWS, COLUMNS)
        panels[0].set_ylabel(row_name(config), fontsize=7)
    return figure


def _mixed(images: np.ndarray, seed: int) -> np.ndarray:
    """Returns images for a grid, chosen at random, since data sets may be sorted."""
    count = min(len(images), ROWS * COLUMNS)
    return images[np.random.default_rng(seed).choice(len(images), count, replace=False)]


def _history(run: FinishedRun) -> dict[str, list[float]]:
    """Returns a history that has every column of `CURVES`."""
    columns = ["epoch", *(column for panel in CURVES.values() for column in panel)]
    missing = [column for column in columns if column not in run.history]
    if missing:
        raise InputError(f"Expected {run.run_dir / HISTORY} with the column {missing[0]}, got none of this name")
    return run.history


@plain_style()
def learning_curves(runs: Sequence[FinishedRun]) -> Figure:
    """Returns curves of losses, of D's outputs on its four minibatches, and of their distance from delta, by epoch."""
    figure = Figure(figsize=(13, 2.7 * len(runs)), layout="constrained")
    for panels, run in zip(figure.subplots(len(runs), len(CURVES), squeeze=False), runs, strict=True):
        history = _history(run)
        epochs = [epoch + 1 for epoch in history["epoch"]]
        for axes, (title, columns) in zip(panels, CURVES.items(), strict=True):
            for column, label in columns.items():
                axes.plot(epochs, history[column], label=label, marker="." if len(epochs) < 20 else None)
            axes.set_title(title, fontsize=9)
            axes.set_xlabel("epoch", fontsize=8)
            axes.tick_params(labelsize=8)
            axes.legend(fontsize=7, ncols=(len(columns) + 1) // 2)
        for name, delta in run.deltas.items():
            panels[1].axhline(delta, color="grey", linewidth=0.8, linestyle=":")
            panels[1].annotate(name, (1, delta), fontsize=7, color="grey")
        panels[2].axhline(0, color="grey", linewidth=0.8, linestyle=":")
        panels[0].set_ylabel(row_name(run.config), fontsize=7)
    return figure


def row_name(config: RunConfig) -> str:
    """Returns what sets a run apart: task, purities, seed, recipe, and settings of stage one that differ from it."""
    size = "" if config.size is None else f"{config.size}, "
    recipe = RECIPES[config.recipe].stage_one
    own = [f"{name} {value}" for name, value in vars(config.stage_one).items() if value != getattr(recipe, name)]
    # Short lines: a row is as high as thirty letters are long.
    pi = "estimated" if config.priors is None else f"({config.pi_p:g}, {config.pi_n:g})"
    data = f"{size}pi {pi}, seed {config.seed}"
    return "\n".join([plain_text(config.task), data, config.recipe, *own])
