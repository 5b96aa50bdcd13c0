"""Tables of labels as CSV, beside the originals, which are never touched: all scores, and a corrected copy."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nlgan_tf.data.sources import PHOTOGRAPH_SOURCES, TASK_SOURCES, check_source
from nlgan_tf.errors import InputError
from nlgan_tf.figures.save import check_writable
from nlgan_tf.files import whole_file

if TYPE_CHECKING:
    from nlgan_tf.pipeline.scored_task import ScoredTask

# Columns after the first one, which is "file" or "index".
COLUMNS = ("given_label", "suggested_label", "quality")
# What the labels of a folder of images may stand in, and the suffixes of images.
LABEL_FILES = ("metadata.csv", "labels.csv")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif")


def write_scores(path: Path, scored: ScoredTask) -> None:
    """Writes a row for each label, the most doubtful first: file or index, both labels by name, and the quality.

    The file appears whole or not at all.
    """
    column, names = scored.names()
    classes = scored.task.class_names
    rows = (
        (
            names[row["index"]],
            classes[row["given_label"]],
            classes[row["suggested_label"]],
            f"{row['quality']:.6g}",
        )
        for row in scored.table
    )
    _write(path, (column, *COLUMNS), rows)


def write_corrected(path: Path, scored: ScoredTask) -> None:
    """Writes the suggested label of each image, in the order of the images.

    Images with file names have the columns `file_name` and `label`, as a folder's metadata.csv has them; others have
    `index` and `label`. The file appears whole or not at all.
    """
    column, names = scored.names()
    classes = scored.task.class_names
    rows = ((name, classes[label]) for name, label in zip(names, scored.suggested, strict=True))
    _write(path, ("file_name" if column == "file" else column, "label"), rows)


def check_output(path: str, task: str, overwrite: bool) -> Path:
    """Returns the path of a file that may be written, and changes nothing.

    A table of scores that was written earlier is replaced; any other file is replaced only if `overwrite`.

    Args:
        path: File to write.
        task: Name of the task, whose own files are never replaced.
        overwrite: Whether to replace a file.

    Raises:
        InputError: For a file of the task, an existing file unless it may be replaced, or a place that cannot be
            written.
    """
    checked = check_writable(path)
    if _belongs_to(checked, task):
        raise InputError(f"Expected a file that is none of the task's own, got {path}: the originals stay as they are")
    if checked.exists() and not overwrite and not _is_table_of_scores(checked):
        raise InputError(f"Expected a new file, got {path}, which exists: --overwrite replaces it")
    return checked


def _belongs_to(path: Path, task: str) -> bool:
    """Whether a file is one that a task is read from, or would be read with the task."""
    source, place = check_source(task)
    path, place = path.resolve(), Path(place).expanduser().resolve()
    if source in TASK_SOURCES:
        return path == place
    if source not in PHOTOGRAPH_SOURCES or place not in path.parents:
        return False
    named = path.name.lower() in LABEL_FILES or path.suffix.lower() in IMAGE_SUFFIXES
    return named or (path.exists() and not _is_table_of_scores(path))


def _is_table_of_scores(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.readline(100).decode(errors="replace").strip().split(",")
    return head[0] in ("file", "index") and tuple(head[1:]) == COLUMNS


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file name need not be UTF-8; its bytes are written as they are.
    encoding = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
    with whole_file(path) as temporary, temporary.open("w", **encoding) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
