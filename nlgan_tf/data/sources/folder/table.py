"""Label files: CSV, or JSON lines, with a column of file names and one of labels (imagefolder's convention)."""

from __future__ import annotations

import codecs
import csv
import io
import json
from pathlib import Path
from typing import Any

from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.errors import InputError

NAMES = ("metadata.csv", "labels.csv", "metadata.jsonl")
DELIMITERS = ",;\t"
MAX_BYTES = 2**26
# A file name, its label, and its line in the label file.
Row = tuple[str, Any, int]


def find_table(folder: Path) -> Path | None:
    """Returns the label file of a folder, or None; InputError for several."""
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) > 1:
        raise InputError(f"Expected one label file in {folder}, got {', '.join(path.name for path in found)}")
    return found[0] if found else None


def read_table(path: Path, reading: Reading) -> list[Row]:
    """Returns the rows of a label file in its order, each file once.

    UTF-8 with or without a byte order mark, or UTF-16 with one; columns apart by commas, semicolons or tabs. Spaces
    around names and labels do not count.

    Raises:
        InputError: For another encoding, missing columns, missing values, or a file in two rows.
    """
    text = _decoded(path)
    rows = _from_json(text, path) if path.suffix == ".jsonl" else _from_csv(text, path, reading)
    wanted = (reading.file_column, reading.label_column)
    found, lines = [], {}
    for values, line in rows:
        for column in wanted:
            if values.get(column) in (None, ""):
                raise InputError(f"Expected a {column} in each row of {path}, got none in line {line}")
        name, label = (_stripped(values[column]) for column in wanted)
        name = str(name)
        if name in lines:
            raise InputError(f"Expected each file once in {path}, got {name} in lines {lines[name]} and {line}")
        lines[name] = line
        found.append((name, label, line))
    if not found:
        raise InputError(f"Expected rows of files and labels in {path}, got none")
    return found


def _decoded(path: Path) -> str:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise InputError(f"Expected {path} to be readable, got: {error.strerror}") from error
    if size > MAX_BYTES:
        raise InputError(f"Expected {path} of at most {MAX_BYTES} bytes, got {size}")
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"Expected {path} in UTF-8, got other bytes in line {line}: save the file as UTF-8") from error


def _from_csv(text: str, path: Path, reading: Reading) -> list[tuple[dict, int]]:
    wanted = {reading.file_column, reading.label_column}
    header = next(iter(text.splitlines()), "")
    delimiter = max(DELIMITERS, key=lambda mark: (len(wanted & set(_cells(header, mark))), -DELIMITERS.index(mark)))
    columns = _cells(header, delimiter)
    if missing := sorted(wanted - set(columns)):
        raise InputError(
            f"Expected the columns {reading.file_column} and {reading.label_column} in {path}, got "
            f"{', '.join(columns) or 'none'}: --file-column and --label-column name others (missing: {missing[0]})"
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        next(reader)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(columns):
                    raise InputError(
                        f"Expected {len(columns)} columns in {path}, got {len(cells)} in line {reader.line_num}: "
                        "a name with the delimiter in it needs quotation marks"
                    )
                rows.append((dict(zip(columns, map(str.strip, cells), strict=False)), reader.line_num))
    except csv.Error as error:
        raise InputError(f"Expected {path} as CSV, got other text in line {reader.line_num}: {error}") from error
    return rows


def _cells(header: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:  # Longer than any header.
        return []


def _from_json(text: str, path: Path) -> list[tuple[dict, int]]:
    rows = []
    for line, content in enumerate(text.split("\n"), 1):
        if content.strip():
            try:
                values = json.loads(content)
            except (ValueError, RecursionError) as error:
                raise InputError(f"Expected a JSON object in each line of {path}, got none in line {line}") from error
            if not isinstance(values, dict):
                raise InputError(f"Expected a JSON object in each line of {path}, got none in line {line}")
            rows.append((values, line))
    return rows


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
