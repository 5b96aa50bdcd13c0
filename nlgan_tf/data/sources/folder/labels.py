"""Labels of any kind -> 0 (negative) and 1 (positive), by stated rules."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlgan_tf.errors import InputError

# Pairs (negative, positive) of texts, in lower case, that say themselves which is positive.
KNOWN = (("0", "1"), ("-1", "1"), ("false", "true"), ("no", "yes"), ("n", "y"), ("negative", "positive"))
SHOWN = 5
# Most classes of the negatives that a class name lists.
NAMED = 3


@dataclass(frozen=True)
class Classes:
    """Which classes are positive and which negative.

    Attributes:
        positive, negative: Names of the classes.
        remark: The choice in words; None where no rule had to choose.
    """

    positive: tuple[str, ...]
    negative: tuple[str, ...]
    remark: str | None = None

    @property
    def names(self) -> tuple[str, str]:
        """Names of both sides, (negative, positive)."""
        positive = ",".join(self.positive)
        return (",".join(self.negative) if len(self.negative) <= NAMED else f"not {positive}"), positive

    def apply(self, labels: Sequence[Any], name: str = "labels") -> np.ndarray:
        """Returns labels as 0 and 1, int64; InputError for a label of no class."""
        named = [class_name(label) for label in labels]
        if unknown := sorted(set(named) - {*self.positive, *self.negative}):
            known = _shown([*self.negative, *self.positive])
            raise InputError(f"Expected {name} among {known}, got {_shown(unknown)}")
        return np.isin(np.array(named, object), self.positive).astype(np.int64)


def class_name(label: Any) -> str:
    """Returns a label's name: text as it is, True and False, whole numbers without a point.

    Raises:
        InputError: For a missing label, a fraction, or another type.
    """
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, str) and label.strip():
        return label.strip()
    if isinstance(label, bool):
        return str(label)
    if isinstance(label, numbers.Real) and label == label and float(label).is_integer():
        return str(int(label))
    missing = label is None or label != label or (isinstance(label, str) and not label.strip())
    got = "a missing one" if missing else repr(label)
    raise InputError(f"Expected labels as text, bools or whole numbers, got {got}")


def choose_classes(labels: Sequence[Any], positive: str | Sequence[Any] | None = None) -> Classes:
    """Returns which classes of the labels are positive.

    Those that `positive` names, against all others. Without names there must be two classes, of which positive is: 1
    of (0, 1) and of (-1, 1), True, "yes", "y", "positive"; else the larger number, or the later text in sorted order.

    Args:
        labels: Labels as text, bools or whole numbers.
        positive: Names of the positive classes, also as comma-separated text.

    Raises:
        InputError: For labels of one class, of more than two without `positive`, or names of no class or of all.
    """
    classes = _sorted({class_name(label) for label in labels})
    if len(classes) < 2:
        raise InputError(f"Expected labels of two classes, got {len(classes)}: {_shown(classes) or 'no labels'}")
    if positive is not None:
        return _named(classes, positive)
    if len(classes) > 2:
        raise InputError(
            f"Expected two classes, or --positive NAME[,NAME] (in Python positive=) to set against the rest; got "
            f"{len(classes)}: {_shown(classes)}"
        )
    lower = tuple(name.lower() for name in classes)
    for known in KNOWN:
        if set(lower) == set(known):
            negative, chosen = (classes[lower.index(name)] for name in known)
            return Classes((chosen,), (negative,))
    remark = f"Positive: {classes[1]}, the later in sorted order; negative: {classes[0]}; --positive names another"
    return Classes((classes[1],), (classes[0],), remark)


def _named(classes: list[str], positive: str | Sequence[Any]) -> Classes:
    if isinstance(positive, str):
        # A name may have a comma itself.
        names = [positive.strip()] if positive.strip() in classes else [part.strip() for part in positive.split(",")]
    else:
        names = [class_name(name) for name in ([positive] if np.isscalar(positive) else positive)]
    if unknown := [name for name in names if name not in classes]:
        raise InputError(f"Expected --positive among {_shown(classes)}, got {unknown[0] or 'no name'}")
    rest = tuple(name for name in classes if name not in names)
    if not rest or not names:
        raise InputError(f"Expected --positive to leave classes for the negatives, got {','.join(names) or 'no name'}")
    return Classes(tuple(dict.fromkeys(names)), rest)


def _sorted(classes: set[str]) -> list[str]:
    try:
        return sorted(classes, key=int)
    except ValueError:
        return sorted(classes)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
