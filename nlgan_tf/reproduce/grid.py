"""The grid behind the paper's table 1: its combinations, their order, and how long each takes."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlgan_tf.config import DRAWN, FEATURES, check_fields, option
from nlgan_tf.data.sources import check_source
from nlgan_tf.errors import InputError
from nlgan_tf.files import check_no_pattern
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.recipes import RECIPES
from nlgan_tf.reproduce.methods import METHODS, Method, check_method, default_methods

TASKS = ("mnist:5,7-vs-2,4", "cifar10:automobile-vs-airplane")
SIZES = (1000, 100)
CLEAN = (1.0, 1.0)
PRIORS = (CLEAN, (0.85, 0.85), (0.7, 0.85), (0.6, 0.65))
# Section 3.1: 500 epochs on CIFAR-10. A recipe has MNIST's number.
CIFAR10_EPOCHS = 500

# Rough seconds on one x86-64 core at 2.5 GHz, until a results file has measured ones. By the kind of the images: a
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
        """Task, size and pi: a cell of the table, whatever the method."""
        return self.task, self.size, self.pi_p, self.pi_n

    @property
    def slug(self) -> str:
        """Name for the combination's files."""
        return re.sub(r"[^\w.]+", "-", str(self))

    def __str__(self) -> str:
        priors = f"({self.pi_p:.12g}, {self.pi_n:.12g})"
        return f"{self.task} {self.size} {priors} {self.method} {self.recipe} seed {self.seed}"


@dataclass(frozen=True)
class Options:
    """Settings of a whole grid; InputError for values that are not accepted."""

    data_dir: str | None = option(None, "Folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
    epochs: int | None = option(
        None, "Epochs of stage one; by default the paper's, 40 on MNIST and 500 on CIFAR-10", above=0
    )
    features: str | None = option(
        None,
        "Frozen Keras model, a .keras file or a name of keras.applications, for the methods of frozen features and for "
        "NL-GAN where it learns from originals; give such a grid its own --results",
    )
    keep: str | None = option(None, "Folder that keeps NL-GAN's run folders; none are kept by default")

    def __post_init__(self) -> None:
        check_fields(self)
        if self.keep is not None:
            # Whole runs are written there, by TensorFlow too.
            check_no_pattern(Path(self.keep).expanduser().absolute())


@dataclass(frozen=True)
class Grid:
    """Combinations to run; `cells` are those that a results file of this grid may have.

    A grid within the paper's own cells shares a file with the rest of table 1; any other grid needs its own.

    Attributes:
        tasks, sizes, priors: Cells, the product of all three.
        methods: Names in `METHODS`, by default `default_methods`; each runs at its own noise levels.

    Raises:
        InputError: For values that are not accepted.
    """

    tasks: Sequence[str] = TASKS
    sizes: Sequence[int] = SIZES
    priors: Sequence[tuple[float, float]] = PRIORS
    methods: Sequence[str] = default_methods()
    recipe: str = option("paper", "Settings of stage one and of the classifier by name", choices=tuple(RECIPES))
    seeds: int = option(5, "Seeds of each combination, from 0 on", least=1)

    def __post_init__(self) -> None:
        check_fields(self)
        for method in self.methods:
            if METHODS[check_method(method)].part_of:
                raise InputError(
                    f"Expected methods that run, got {method}: a run of {METHODS[method].part_of} measures {method}"
                )
        for task, size, (pi_p, pi_n) in itertools.product(self.tasks, self.sizes, self.priors):
            check_source(task)
            RunConfig(task=task, size=size, pi_p=pi_p, pi_n=pi_n, recipe=self.recipe)
        if not self.combinations():
            methods, priors = ", ".join(self.methods), ", ".join(f"({pi_p:g}, {pi_n:g})" for pi_p, pi_n in self.priors)
            raise InputError(f"Expected pn at pi (1, 1) and most other methods at noisy pi; got {methods} at {priors}")

    @property
    def cells(self) -> set[tuple[str, int, float, float]]:
        """Cells of table 1 if this grid lies within them, else this grid's own."""
        paper = _cells(TASKS, SIZES, PRIORS)
        return paper if self._own_cells <= paper else self._own_cells

    @property
    def _own_cells(self) -> set[tuple[str, int, float, float]]:
        return _cells(self.tasks, self.sizes, self.priors)

    def combinations(self) -> list[Combination]:
        """Returns all combinations, in no particular order."""
        return [
            Combination(*cell, method, self.recipe, seed)
            for cell in sorted(self._own_cells)
            for method in dict.fromkeys(self.methods)
            if METHODS[method].levels in ("all", "clean" if cell[2:] == CLEAN else "noisy")
            for seed in range(self.seeds)
        ]


def _cells(tasks: Iterable[str], sizes: Iterable[int], priors: Iterable[tuple[float, float]]) -> set:
    return {(task, size, *pair) for task, size, pair in itertools.product(tasks, sizes, priors)}


def features_of(combination: Combination, options: Options) -> str | None:
    """Returns the frozen features that a combination has a use for; None for none."""
    method = METHODS[combination.method]
    judges = method.changes is not None and RECIPES[combination.recipe].stage_two.learns_from != DRAWN
    return options.features if method.frozen or judges else None


def run_config(combination: Combination, options: Options) -> RunConfig:
    """Returns the configuration of a combination's run."""
    features = features_of(combination, options)
    config = RunConfig(
        task=combination.task,
        size=combination.size,
        pi_p=combination.pi_p,
        pi_n=combination.pi_n,
        recipe=combination.recipe,
        seed=combination.seed,
        data_dir=options.data_dir,
        features=features,
        # For the table nothing is served; `export_run` writes the models of a kept run.
        export=False,
    )
    if features is not None and METHODS[combination.method].changes is not None:
        config = dataclasses.replace(config, stage_two=dataclasses.replace(config.stage_two, network=FEATURES))
    epochs = options.epochs
    if epochs is None and combination.task.startswith("cifar10:") and combination.recipe != "modern":
        epochs = CIFAR10_EPOCHS
    if epochs is None:
        return config
    return dataclasses.replace(config, stage_one=dataclasses.replace(config.stage_one, epochs=epochs))


def estimated_seconds(combination: Combination, options: Options, took: Mapping[tuple, float]) -> float:
    """Returns the expected duration: the median of its kind in `took`, from `median_seconds`, or a rough model's."""
    config = run_config(combination, options)
    kind = _kind(combination, config.stage_one.epochs)
    return took[kind] if kind in took else _modelled_seconds(METHODS[combination.method], config)


def median_seconds(seen: Mapping[Combination, dict]) -> dict[tuple, float]:
    """Returns the median duration of each kind of combination, from records by combination."""
    groups = defaultdict(list)
    for combination, record in seen.items():
        groups[_kind(combination, record["epochs"])].append(record["seconds"])
    return {kind: float(np.median(seconds)) for kind, seconds in groups.items()}


def _kind(combination: Combination, epochs: int | None) -> tuple:
    """Returns a key that combinations of equal duration share; `epochs` are those of stage one."""
    trains = METHODS[combination.method].stage_one
    return combination.task, combination.size, combination.method, combination.recipe, epochs if trains else None


def _modelled_seconds(method: Method, config: RunConfig) -> float:
    kind = "colour" if config.task.startswith("cifar10:") else "grey"
    if not method.fits:
        return FEATURE_SECONDS[kind] * config.size / 1000
    one, two = config.stage_one, config.stage_two
    steps = one.epochs * (one.samples_per_epoch // one.batch_size) * method.stage_one
    images = two.epochs * (two.samples_per_epoch if method.upsampled else config.size) * method.fits
    # Nearly all of the work is in matrices of width x width.
    return steps * one.width**2 * STEP_SECONDS[kind] + images * two.width**2 * IMAGE_SECONDS[kind]


def planned(grid: Grid, options: Options, seen: Mapping[Combination, dict]) -> dict[Combination, float]:
    """Returns the grid's combinations in the order of work, with their estimated seconds.

    Cheap and important combinations come first, and first seeds before later ones, so that a part is useful already.

    Args:
        grid: Combinations to run.
        options: Settings of the whole grid.
        seen: Records by combination, whose durations improve the estimates.
    """
    took = median_seconds(seen)
    seconds = {combination: estimated_seconds(combination, options, took) for combination in grid.combinations()}

    def price(combination: Combination) -> tuple[float, str]:
        importance = METHODS[combination.method].importance
        return seconds[combination] * (1 + combination.seed) / importance, str(combination)

    return {combination: seconds[combination] for combination in sorted(seconds, key=price)}
