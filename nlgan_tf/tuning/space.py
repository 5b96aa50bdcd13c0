"""The search space: which fields of `StageOneConfig` keras-tuner may choose, and from what."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from nlgan_tf.compat.installed import SPECTRAL_NORMS
from nlgan_tf.config import StageOneConfig
from nlgan_tf.errors import InputError

if TYPE_CHECKING:
    from keras_tuner import HyperParameters

# With Adam alone the ratio of alpha to beta matters, but for its epsilon: 1 to 400 here, 10 in the paper.
LOG_RANGES = {
    "alpha": (1.0, 20.0),
    "beta": (0.05, 0.95),
    "d_learning_rate": (5e-5, 1e-3),
    "g_learning_rate": (1e-4, 2e-3),
}
LINEAR_RANGES = {"dropout": (0.0, 0.7), "translation": (0.0, 0.2)}
CHOICES = {
    "loss": ("bce", "mse"),
    "spectral_norm": (*SPECTRAL_NORMS, "none"),
    "spectral_layers": ("convolutions", "all"),
    "latent": ("uniform", "normal"),
}
RANGES = {**LOG_RANGES, **LINEAR_RANGES}
TUNABLE = {**RANGES, **CHOICES}
FIELDS = tuple(item.name for item in dataclasses.fields(StageOneConfig))
DEFAULT = ("alpha", "beta")


class SearchSpace:
    """Chosen fields of stage one, each with the values that it may take.

    Args:
        tune: names of `TUNABLE`, or a mapping from such names to (lowest, highest) or to a tuple of choices; None for
            the default of that name.
        base: the other fields, and the starting point where it lies within the ranges.
        points: None, or the number of values that a range is cut into, as GridSearch wants them.

    Raises:
        InputError: for an unknown name, values that the configuration does not accept, an empty range, or ranges in
            which alpha could fall to beta or below.
    """

    def __init__(
        self, tune: Iterable[str] | Mapping[str, tuple | None], base: StageOneConfig, points: int | None = None
    ) -> None:
        given = dict(tune) if isinstance(tune, Mapping) else dict.fromkeys(tune)
        if not given:
            raise InputError(f"nothing to tune is given: accepted are {', '.join(TUNABLE)}")
        if points is not None and points < 2:
            raise InputError(f"points={points} is too few: accepted are 2 and more")
        self.base, self.points = base, points
        self.values = {name: _checked(name, values, base) for name, values in given.items()}
        self._check_order()

    def _check_order(self) -> None:
        lowest, highest = (
            self.values.get("alpha", (self.base.alpha,))[0],
            self.values.get("beta", (self.base.beta,))[-1],
        )
        if lowest <= highest:
            raise InputError(
                f"alpha from {lowest:g} and beta up to {highest:g} contradict alpha > beta: accepted is a lowest alpha "
                "above the highest beta (the ratio alone matters)"
            )

    def stage_one(self, hp: HyperParameters) -> StageOneConfig:
        """Asks for each value by its field's name; a field that `hp` holds already keeps the value it has there."""
        for name, values in self.values.items():
            self._register(hp, name, values)
        chosen = {name: hp.values[name] for name in FIELDS if name in hp.values}
        if chosen.get("spectral_norm") == "none":
            chosen["spectral_norm"] = None
        return dataclasses.replace(self.base, **chosen)

    def _register(self, hp: HyperParameters, name: str, values: tuple) -> None:
        default = getattr(self.base, name) or ("none" if name == "spectral_norm" else 0.0)
        if name in CHOICES:
            hp.Choice(name, list(values), default=default if default in values else values[0])
            return
        low, high = values
        sampling = "log" if name in LOG_RANGES else "linear"
        if self.points is not None:
            spaced = np.geomspace if sampling == "log" else np.linspace
            hp.Choice(name, [float(f"{value:.6g}") for value in spaced(low, high, self.points)], ordered=True)
            return
        middle = float(np.sqrt(low * high)) if sampling == "log" else (low + high) / 2
        hp.Float(name, low, high, sampling=sampling, default=default if low <= default <= high else middle)


def _checked(name: str, values: tuple | None, base: StageOneConfig) -> tuple:
    if name not in TUNABLE:
        raise InputError(f"{name!r} cannot be tuned: accepted are {', '.join(TUNABLE)}")
    values = TUNABLE[name] if values is None else tuple(values)
    if name in RANGES:
        if len(values) != 2 or not values[0] < values[1]:
            raise InputError(f"{name} from {values} is no range: accepted are two numbers, the lowest first")
        if name in LOG_RANGES and not values[0] > 0:
            raise InputError(f"{name} from {values[0]:g} is out of range: accepted are values above 0, on a log scale")
    elif not values:
        raise InputError(f"{name} has no choices: accepted are some of {', '.join(CHOICES[name])}")
    for value in values:
        dataclasses.replace(base, **{name: None if value == "none" else value})
    return values
