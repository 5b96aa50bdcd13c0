"""The grid behind the paper's table 1: its combinations, their order, and how long each takes."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlgan_tf.data.sources import check_source
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.reproduce.methods import METHODS, Method, check_method

TASKS = ("mnist:5,7-vs-2,4", "cifar10:automobile-vs-airplane")
SIZES = (1000, 100)
CLEAN = (1.0, 1.0)
PRIORS = (CLEAN, (0.85, 0.85), (0.7, 0.85), (0.6, 0.65))
# Section 3.1: 500 epochs on CIFAR-10. A recipe holds MNIST's number.
CIFAR10_EPOCHS = 500

# Roughly, seconds on one x86-64 core at 2.5 GHz; a results file knows better as it fills. By the kind of the images: a
# full-width stage-one step of 4 x 64, an image in the full-width classifier's training, a method without a network.
STEP_SECONDS = {"grey": 0.65, "colour": 0.9}
IMAGE_SECONDS = {"grey": 0.002, "colour": 0.003}
FEATURE_SECONDS = {"grey": 3.0, "colour": 8.0}


@dataclass(frozen=True)
class Combination:
    """One number of the table: one task, size, pi, method, recipe and seed."""

    task: str
    size: int
    pi_p: float
    pi_n: float
    method: str
    recipe: str
    seed: int

    @property
    def cell(self) -> tuple[str, int, float, float]:
        """Task, size and pi: the table's cell, whatever the method."""
        return self.task, self.size, self.pi_p, self.pi_n

    @property
    def slug(self) -> str:
        """A name for its files."""
        return re.sub(r"[^\w.]+", "-", str(self))

    def __str__(self) -> str:
        priors = f"({self.pi_p:.12g}, {self.pi_n:.12g})"
        return f"{self.task} {self.size} {priors} {self.method} {self.recipe} seed {self.seed}"


@dataclass(frozen=True)
class Options:
    """What a whole grid is run with.

    Attributes:
        data_dir: where TensorFlow Datasets keeps its data.
        epochs: of stage one, instead of the paper's.
        keep: a folder that keeps the run folders of the paper's model; None keeps none.
    """

    data_dir: str | None = None
    epochs: int | None = None
    keep: str | None = None


@dataclass(frozen=True)
class Grid:
    """Combinations to run; `cells` are those that a results file of this grid may hold.

    A grid within the paper's own cells shares a file with the rest of table 1; any other grid needs its own.

    Args:
        tasks, sizes, priors: their product, less what a method leaves out.
        methods: names of `METHODS`; by default all but the ablations.
        recipe: of stage one and of the classifier.
        seeds: 0 to seeds - 1.

    Raises:
        InputError: for values that are not accepted.
    """

    tasks: Sequence[str] = TASKS
    sizes: Sequence[int] = SIZES
    priors: Sequence[tuple[float, float]] = PRIORS
    methods: Sequence[str] = tuple(name for name, method in METHODS.items() if not method.ablation)
    recipe: str = "paper"
    seeds: int = 5

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise InputError(f"seeds={self.seeds} is out of range: accepted are 1 and more")
        for method in self.methods:
            check_method(method)
        for task, size, (pi_p, pi_n) in itertools.product(self.tasks, self.sizes, self.priors):
            check_source(task)
            RunConfig(task=task, size=size, pi_p=pi_p, pi_n=pi_n, recipe=self.recipe)
        if not self.combinations():
            methods, priors = ", ".join(self.methods), ", ".join(f"({pi_p:g}, {pi_n:g})" for pi_p, pi_n in self.priors)
            raise InputError(f"{methods} at pi {priors}: accepted are pn at (1, 1), and most others at noisy pairs")

    @property
    def cells(self) -> set[tuple[str, int, float, float]]:
        """The cells of table 1 if this grid lies within them, else its own."""
        paper = _cells(TASKS, SIZES, PRIORS)
        return paper if self._own_cells <= paper else self._own_cells

    @property
    def _own_cells(self) -> set[tuple[str, int, float, float]]:
        return _cells(self.tasks, self.sizes, self.priors)

    def combinations(self) -> list[Combination]:
        """All of them, in no particular order."""
        return [
            Combination(*cell, method, self.recipe, seed)
            for cell in sorted(self._own_cells)
            for method in dict.fromkeys(self.methods)
            if METHODS[method].levels in ("all", "clean" if cell[2:] == CLEAN else "noisy")
            for seed in range(self.seeds)
        ]


def _cells(tasks: Iterable[str], sizes: Iterable[int], priors: Iterable[tuple[float, float]]) -> set:
    return {(task, size, *pair) for task, size, pair in itertools.product(tasks, sizes, priors)}


def run_config(combination: Combination, options: Options) -> RunConfig:
    """The run that a combination stands for."""
    config = RunConfig(
        task=combination.task,
        size=combination.size,
        pi_p=combination.pi_p,
        pi_n=combination.pi_n,
        recipe=combination.recipe,
        seed=combination.seed,
        data_dir=options.data_dir,
    )
    epochs = options.epochs
    if epochs is None and combination.task.startswith("cifar10:") and combination.recipe != "modern":
        epochs = CIFAR10_EPOCHS
    if epochs is None:
        return config
    return dataclasses.replace(config, stage_one=dataclasses.replace(config.stage_one, epochs=epochs))


def estimated_seconds(combination: Combination, options: Options, took: Mapping[tuple, float]) -> float:
    """How long a combination takes: as its like in `took`, as `median_seconds` gives it, else by a rough model."""
    config = run_config(combination, options)
    kind = _kind(combination, config.stage_one.epochs)
    return took[kind] if kind in took else _modelled_seconds(METHODS[combination.method], config)


def median_seconds(seen: Mapping[Combination, dict]) -> dict[tuple, float]:
    """Of records by combination: the median duration of each kind."""
    groups = defaultdict(list)
    for combination, record in seen.items():
        groups[_kind(combination, record["epochs"])].append(record["seconds"])
    return {kind: float(np.median(seconds)) for kind, seconds in groups.items()}


def _kind(combination: Combination, epochs: int | None) -> tuple:
    """Combinations that take equally long have the same; `epochs` are those of stage one."""
    trains = METHODS[combination.method].stage_one
    return combination.task, combination.size, combination.method, combination.recipe, epochs if trains else None


def _modelled_seconds(method: Method, config: RunConfig) -> float:
    kind = "colour" if config.task.startswith("cifar10:") else "grey"
    if not method.fits:
        return FEATURE_SECONDS[kind] * config.size / 1000
    one, two = config.stage_one, config.stage_two
    steps = one.epochs * (one.samples_per_epoch // one.batch_size) * method.stage_one
    images = two.epochs * (two.samples_per_epoch if method.upsampled else config.size) * method.fits
    # Nearly all of the work lies in matrices of width x width.
    return steps * one.width**2 * STEP_SECONDS[kind] + images * two.width**2 * IMAGE_SECONDS[kind]


def planned(grid: Grid, options: Options, seen: Mapping[Combination, dict]) -> dict[Combination, float]:
    """The grid's combinations in the order to run them, with their estimated seconds.

    Cheap and important ones come first, and first seeds before later ones, so that a part is already useful.

    Args:
        grid: what to run.
        options: what it is run with.
        seen: records by combination, whose durations make better estimates.
    """
    took = median_seconds(seen)
    seconds = {combination: estimated_seconds(combination, options, took) for combination in grid.combinations()}

    def price(combination: Combination) -> tuple[float, str]:
        importance = METHODS[combination.method].importance
        return seconds[combination] * (1 + combination.seed) / importance, str(combination)

    return {combination: seconds[combination] for combination in sorted(seconds, key=price)}
