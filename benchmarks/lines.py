"""Measurements as JSON, a line each, so that a benchmark that was stopped goes on where it was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path


def lines_parser(doc: str) -> argparse.ArgumentParser:
    """The options of a benchmark whose lines go into a file."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--table", action="store_true", help="print what is there as a table")
    return parser


def read_lines(path: Path) -> list[dict]:
    """The measurements that the file holds; none if it is not there. A line that a kill has torn ends the program."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], start=1):
        try:
            rows.append(json.loads(line))
        except ValueError:
            raise SystemExit(f"{path}, line {number} is torn: remove it, and its case runs again") from None
    return rows


def fill(path: Path, cases: Iterable[tuple], case_of: Callable[[dict], tuple], measure: Callable[..., dict]) -> None:
    """Measures each case that the file does not hold yet; `case_of` tells which one a line is of."""
    done = [case_of(row) for row in read_lines(path)]
    for case in cases:
        if case not in done:
            row = measure(*case)
            append_line(path, row)
            print(*row.values(), flush=True)


def append_line(path: Path, row: dict) -> None:
    """One more."""
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
