"""The search space: which settings of stage one keras-tuner may choose, and from what.

The ranges and the choices are those of the `Option`s of `StageOneConfig`; no other list of them exists.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from nlgan_tf.compat.installed import SPECTRAL_NORMS
from nlgan_tf.config import Option, StageOneConfig, options
from nlgan_tf.errors import InputError

if TYPE_CHECKING:
    from keras_tuner import HyperParameters

OPTIONS = options(StageOneConfig)


def _default_values(name: str, its_option: Option) -> tuple:
    """Lowest and highest value of a range, or the choices that work on the installed stack."""
    if its_option.search is not None:
        return its_option.search
    works = (*SPECTRAL_NORMS, "none") if name == "spectral_norm" else its_option.names
    return tuple(choice for choice in its_option.names if choice in works)


# Settings that can be tuned, with the values searched by default.
TUNABLE = {
    name: _default_values(name, its_option)
    for name, its_option in OPTIONS.items()
    if its_option.search is not None or its_option.choices
}
DEFAULT = ("alpha", "beta")


class SearchSpace:
    """Chosen settings of stage one, each with the values that it may take.

    Args:
        tune: Names in `TUNABLE`, or a mapping from such names to (lowest, highest) or to a tuple of choices; None for
            the default of that name.
        base: The other settings, and the starting point where it lies within the ranges.
        points: Number of values that a range is cut into, as GridSearch needs them; None leaves ranges whole.

    Raises:
        InputError: For an unknown name, values that the configuration does not accept, an empty range, or ranges in
            which alpha could fall to beta or below.
    """

    def __init__(
        self, tune: Iterable[str] | Mapping[str, tuple | None], base: StageOneConfig, points: int | None = None
    ) -> None:
        given = dict(tune) if isinstance(tune, Mapping) else dict.fromkeys(tune)
        if not given:
            raise InputError(f"Expected at least one setting to tune, of {', '.join(TUNABLE)}; got none")
        if points is not None and points < 2:
            raise InputError(f"Expected at least 2 points of each range, got {points}")
        self.base, self.points = base, points
        self.values = {name: _checked(name, values) for name, values in given.items()}
        self._check_order()

    def _check_order(self) -> None:
        lowest = self.values.get("alpha", (self.base.alpha,))[0]
        highest = self.values.get("beta", (self.base.beta,))[-1]
        if lowest <= highest:
            raise InputError(
                f"Expected alpha > beta in all of the search, got alpha from {lowest:g} and beta up to {highest:g}: "
                "only alpha / beta matters"
            )

    def stage_one(self, hp: HyperParameters) -> StageOneConfig:
        """Returns the configuration of `hp`, where each tuned setting is registered under its own name.

        A setting that `hp` has already, fixed by the caller, keeps the value it has.
        """
        for name, values in self.values.items():
            self._register(hp, name, values)
        chosen = {name: hp.values[name] for name in OPTIONS if name in hp.values}
        return dataclasses.replace(self.base, **{name: _named(name, value) for name, value in chosen.items()})

    def _register(self, hp: HyperParameters, name: str, values: tuple) -> None:
        default = getattr(self.base, name)
        if OPTIONS[name].search is None:
            default = "none" if default is None else default
            hp.Choice(name, list(values), default=default if default in values else values[0])
            return
        low, high = values
        log = OPTIONS[name].log_scale
        if self.points is not None:
            spaced = np.geomspace if log else np.linspace
            hp.Choice(name, [float(f"{value:.6g}") for value in spaced(low, high, self.points)], ordered=True)
            return
        middle = float(np.sqrt(low * high)) if log else (low + high) / 2
        sampling = "log" if log else "linear"
        hp.Float(name, low, high, sampling=sampling, default=default if low <= default <= high else middle)


def _named(name: str, value: object) -> object:
    """A value of keras-tuner's, which has no None among its choices, as the configuration takes it."""
    return None if value == "none" and None in OPTIONS[name].choices else value


def _checked(name: str, values: tuple | None) -> tuple:
    """The values of a setting, those of `TUNABLE` for None; InputError for values that are not accepted."""
    if name not in TUNABLE:
        raise InputError(f"Expected settings to tune among {', '.join(TUNABLE)}; got {name!r}")
    if values is None:
        return TUNABLE[name]
    return (_checked_choices if OPTIONS[name].search is None else _checked_range)(name, tuple(values))


def _checked_choices(name: str, values: tuple) -> tuple:
    works = Option(OPTIONS[name].doc, choices=TUNABLE[name])
    if not values:
        raise InputError(f"Expected at least one choice of {name}, of {', '.join(works.names)}; got none")
    values = tuple("none" if value is None else value for value in values)
    for value in values:
        works.check(name, value)
    return values


def _checked_range(name: str, values: tuple) -> tuple:
    if len(values) != 2 or not all(isinstance(value, Real) for value in values) or not values[0] < values[1]:
        raise InputError(f"Expected a range of {name}, two numbers with the lowest first; got {values}")
    values = tuple(map(float, values))
    for value in values:
        OPTIONS[name].check(name, value)
    if OPTIONS[name].log_scale and not values[0] > 0:
        raise InputError(f"Expected {name} to be above 0, since its scale is logarithmic; got {values[0]:g}")
    return values
