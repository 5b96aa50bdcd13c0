"""Settings of a task of photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlgan_tf.data.checks import check_integer
from nlgan_tf.errors import InputError

SIDE_DIVISOR = 4


@dataclass(frozen=True)
class Reading:
    """How photographs become a task.

    Attributes:
        image_size: Side of the square images, a multiple of 4; None for the median of the photographs' shorter sides,
            rounded down to a multiple of 4 within [16, 40].
        positive: Names of the positive classes, comma-separated or one by one, against all others; None for two classes
            by the rules of `labels.choose_classes`.
        skip_unreadable: Whether files that cannot be read are left out; else they are an error.
        file_column, label_column: Columns of a label file.

    Raises:
        InputError: For a size that the networks do not take.
    """

    image_size: int | None = None
    positive: str | Sequence[str] | None = None
    skip_unreadable: bool = False
    file_column: str = "file_name"
    label_column: str = "label"

    def __post_init__(self) -> None:
        if self.image_size is not None:
            check_integer("image_size", self.image_size, least=SIDE_DIVISOR)
            if self.image_size % SIDE_DIVISOR:
                raise InputError(f"Expected image_size to be a multiple of {SIDE_DIVISOR}, got {self.image_size}")
