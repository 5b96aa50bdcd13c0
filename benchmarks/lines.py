"""Measurements as JSON lines, so that a benchmark that was stopped continues where it was."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path


def writable(text: str) -> Path:
    """Returns the path of a file that can be written; a refusal of argparse otherwise, before anything is measured."""
    path = Path(text)
    place = path if path.exists() else path.absolute().parent
    if path.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        raise argparse.ArgumentTypeError(f"Expected a file in a folder that can be written, got {text}")
    return path


def lines_parser(doc: str) -> argparse.ArgumentParser:
    """Returns the parser of a benchmark that writes lines into a file."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=writable, help="file of measurements, a JSON line each")
    parser.add_argument("--table", action="store_true", help="print the file as a table; measure nothing")
    return parser


def read_lines(path: Path) -> list[dict]:
    """Returns the measurements of a file, which need not exist. A line that a kill has torn ends the program."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], start=1):
        try:
            rows.append(json.loads(line))
        except ValueError:
            raise SystemExit(f"{path}, line {number}: Expected JSON, got a torn line: remove the line") from None
    return rows


def fill(path: Path, cases: Iterable[tuple], case_of: Callable[[dict], tuple], measure: Callable[..., dict]) -> None:
    """Measures each case that the file does not have; `case_of` returns the case of a line."""
    done = [case_of(row) for row in read_lines(path)]
    for case in cases:
        if case not in done:
            row = measure(*case)
            append_line(path, row)
            print(*row.values(), flush=True)


def append_line(path: Path, row: dict) -> None:
    """Adds a measurement to a file."""
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
