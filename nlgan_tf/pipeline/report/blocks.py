"""What a section of the page is made of; each block is rendered by the macro of its `kind` in templates/blocks.html."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nlgan_tf.pipeline.report.pictures import Picture
from nlgan_tf.pipeline.report.verdicts import Verdict


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Verdicts:
    """The answers of the run, side by side, under what to do next."""

    kind: ClassVar[str] = "verdicts"
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Gallery:
    """Small images in rows, each with lines of text below it; the first line is set in bold."""

    kind: ClassVar[str] = "gallery"
    items: Sequence[tuple[Picture, Sequence[str]]]


@dataclass(frozen=True)
class Figures:
    """Figures side by side where the screen is wide, each with its caption; `sheets` are smaller than plots."""

    kind: ClassVar[str] = "figures"
    items: Sequence[tuple[Picture, str]]
    sheets: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `marked` are the numbers of rows that are set in bold."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: Sequence[int] = ()


@dataclass(frozen=True)
class Command:
    """A sentence, and the command line that it speaks of."""

    kind: ClassVar[str] = "command"
    text: str
    command: str


@dataclass(frozen=True)
class Details:
    """Long text, folded away under its summary."""

    kind: ClassVar[str] = "details"
    summary: str
    text: str


Block = Text | Verdicts | Gallery | Figures | Table | Command | Details
