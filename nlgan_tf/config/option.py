"""The meaning of a setting, and the values that the setting accepts.

The checks here, the options of the command line with their `--help`, and the search space of `nlgan-tf tune` all read
the `Option` of a setting, so a new setting is one new field.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from dataclasses import dataclass, field
from typing import Any

from nlgan_tf.errors import InputError


@dataclass(frozen=True)
class Option:
    """What a setting means and accepts.

    Attributes:
        doc: Meaning, the text of `--help`.
        choices: Accepted names, None written as "none" on the command line; empty for any value of the field's type.
        above, below: Bounds of a number, not accepted themselves.
        least, most: Bounds of a number, accepted themselves.
        search: Range that `nlgan-tf tune` searches by default; None for no search.
        log_scale: Whether `search` is a range on a log scale.
        group: Heading of `--help` that the setting stands under; None for the configuration's own.
    """

    doc: str
    choices: tuple[str | None, ...] = ()
    above: float = -math.inf
    below: float = math.inf
    least: float = -math.inf
    most: float = math.inf
    search: tuple[float, float] | None = None
    log_scale: bool = False
    group: str | None = None

    def check(self, name: str, value: Any) -> None:
        """InputError for a value that is none of the choices or out of bounds; without choices, None is accepted."""
        if self.choices:
            if value not in self.choices:
                raise InputError(f"Expected {name} to be one of {', '.join(self.names)}; got {value!r}")
        elif isinstance(value, int | float) and not (
            self.above < value < self.below and self.least <= value <= self.most
        ):
            raise InputError(f"Expected {name} to be {self.accepted}; got {value!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """Returns the choices as they are written on the command line and in errors."""
        return tuple("none" if choice is None else choice for choice in self.choices)

    @property
    def accepted(self) -> str:
        """Returns the bounds in words."""
        words = {"above": self.above, "at least": self.least, "below": self.below, "at most": self.most}
        bounds = [f"{word} {bound:g}" for word, bound in words.items() if math.isfinite(bound)]
        return " and ".join(["finite", *bounds])


def option(default: Any, doc: str, **accepted: Any) -> Any:
    """Returns a dataclass field with an `Option` of this meaning; `accepted` are the other attributes of `Option`."""
    return field(default=default, metadata={"option": Option(doc, **accepted)})


def options(config_class: type) -> dict[str, Option]:
    """Returns the options of a configuration by the names of its fields."""
    return {
        item.name: item.metadata["option"] for item in dataclasses.fields(config_class) if "option" in item.metadata
    }


# Cached: reading a results file checks each line as a run, and would spend most of its time on type hints.
type_hints = functools.cache(typing.get_type_hints)


def check_fields(config: Any) -> None:
    """InputError for a value of another type than its field's, or one that its option does not accept."""
    for name, hint in type_hints(type(config)).items():
        value = getattr(config, name)
        # Of a union its members; of list[int] and the like the container alone.
        accepted = typing.get_args(hint) if isinstance(hint, types.UnionType) else (typing.get_origin(hint) or hint,)
        is_number = type(value) is int and float in accepted
        if not is_number and (not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted)):
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in accepted)
            raise InputError(f"Expected {name} to be {wanted}; got {value!r}")
    for name, its_option in options(type(config)).items():
        its_option.check(name, getattr(config, name))


def check_kind(config: Any, kind: type) -> None:
    """InputError unless the configuration is an object of this class."""
    if not isinstance(config, kind):
        remedy = f": {kind.__name__}(**settings)" if isinstance(config, dict) else ""
        raise InputError(f"Expected config to be a {kind.__name__}, got {type(config).__name__}{remedy}")
