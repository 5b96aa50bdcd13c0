"""Rows of the table out of the records of a results file: mean and standard deviation over seeds."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nlgan_tf.reproduce.grid import Combination
from nlgan_tf.reproduce.methods import METHODS
from nlgan_tf.reproduce.paper import paper_value

Priors = tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """One number of the table.

    Attributes:
        mean: Mean accuracy over seeds.
        std: Standard deviation of the sample of seeds; None for one seed.
        seeds: Number of seeds.
        paper: Value of the paper; None where the paper has none.
    """

    mean: float
    std: float | None
    seeds: int
    paper: float | None


@dataclass(frozen=True)
class Row:
    """One method on one task and size, with a cell for each noise level that was run."""

    title: str
    cells: dict[Priors, Cell]


@dataclass(frozen=True)
class _RowKey:
    """Values by which rows differ."""

    method: str
    recipe: str
    epochs: int
    discriminator: bool = False
    features: str = ""

    @property
    def place(self) -> tuple:
        """Key that sorts the rows of a table."""
        return list(METHODS).index(self.method), self.recipe, self.epochs, self.features, self.discriminator

    def title(self) -> str:
        name = METHODS[self.method].title
        notes = [f"recipe {self.recipe}"] if self.recipe else []
        notes += [f"{self.epochs} epochs"] if self.epochs else []
        notes += [f"features {self.features}"] if self.features else []
        return name + (", D itself" if self.discriminator else "") + (f" ({', '.join(notes)})" if notes else "")


def summarise(records: Mapping[Combination, dict]) -> dict[tuple[str, int], list[Row]]:
    """Returns rows by (task, size), in the order of `METHODS`.

    Recipes, epochs of stage one and features are rows of their own. NL-GAN's row is followed by the row of its D. A
    method that no recipe changes counts once a seed.
    """
    tables: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    for combination, record in records.items():
        table, priors = tables[combination.task, combination.size], (combination.pi_p, combination.pi_n)
        key = _row_key(combination, record)
        table[key][priors][combination.seed] = record["accuracy"]
        if "accuracy_discriminator" in record:
            of_d = dataclasses.replace(key, discriminator=True)
            table[of_d][priors][combination.seed] = record["accuracy_discriminator"]
    # MNIST before CIFAR-10, 1000 before 100.
    return {
        (task, size): [
            Row(key.title(), {priors: _cell(task, size, priors, key, seeds) for priors, seeds in row.items()})
            for key, row in sorted(tables[task, size].items(), key=lambda item: item[0].place)
        ]
        for task, size in sorted(tables, reverse=True)
    }


def _row_key(combination: Combination, record: dict) -> _RowKey:
    method = METHODS[combination.method]
    recipe = combination.recipe if method.fits else ""
    epochs = record["epochs"] if method.stage_one else 0
    return _RowKey(combination.method, recipe, epochs, features=record.get("features", ""))


def _cell(task: str, size: int, priors: Priors, key: _RowKey, by_seed: dict[int, float]) -> Cell:
    values = list(by_seed.values())
    paper = None if key.discriminator else paper_value(task, size, priors, key.method)
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Cell(float(np.mean(values)), std, len(values), paper)


def best(rows: list[Row], priors: Priors) -> float:
    """Returns the largest mean at a noise level, rounded as in print."""
    return max(round(row.cells[priors].mean, 3) for row in rows if priors in row.cells)
