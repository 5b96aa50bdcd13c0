"""The results file: one JSON line for each finished combination, shared safely by processes that may be killed."""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from nlgan_tf.files import write_text
from nlgan_tf.reproduce.grid import Combination
from nlgan_tf.reproduce.methods import check_method

NUMBER = (int, float)
KEYS = {
    "task": str,
    "size": int,
    "pi_p": NUMBER,
    "pi_n": NUMBER,
    "method": str,
    "recipe": str,
    "seed": int,
    "accuracy": NUMBER,
    "seconds": NUMBER,
    "epochs": (int, type(None)),
    "versions": dict,
    "commit": (str, type(None)),
}
IDENTITY = [field.name for field in dataclasses.fields(Combination)]


class ResultsFile:
    """Records by combination; a line may hold more than `KEYS`.

    Lines are only ever added, each with the whole file replaced at once under a lock, so that a kill at any moment
    leaves whole lines. Locks, the claims on combinations among them, lie in PATH.locks; the system frees
    them when their process ends, however it ends.

    Args:
        path: of the file; it need not exist.
        cells: (task, size, pi_p, pi_n) that its lines may be of; None: any.
    """

    def __init__(self, path: Path, cells: set[tuple] | None = None) -> None:
        self.path, self.cells = path, cells
        self._locks = path.with_name(path.name + ".locks")

    def read(self) -> dict[Combination, dict]:
        """All records.

        Raises:
            ValueError: for a line that is torn, is no result, is of another grid, or repeats an earlier one.
        """
        if not self.path.exists():
            return {}
        text = self.path.read_bytes().decode(errors="replace")
        records: dict[Combination, dict] = {}
        for number, line in enumerate(text.splitlines(keepends=True), start=1):
            try:
                record = _parsed(line)
                combination = Combination(**{name: record[name] for name in IDENTITY})
                if self.cells is not None and combination.cell not in self.cells:
                    raise ValueError(f"{combination} belongs to another grid: give that grid's options or another file")
                if combination in records:
                    raise ValueError(f"{combination} stands there twice")
            except ValueError as error:
                raise ValueError(f"{self.path}, line {number}: {error}") from None
            records[combination] = record
        return records

    def append(self, record: dict) -> None:
        """Adds one line.

        Raises:
            ValueError: if the combination is there already, or the file cannot be read.
        """
        line = json.dumps(record) + "\n"
        _parsed(line)
        with self._lock("file"):
            known = self.read()
            if Combination(**{name: record[name] for name in IDENTITY}) in known:
                raise ValueError(f"{self.path} already has a line of that combination: {line.strip()}")
            before = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
            write_text(self.path, before + line)

    def claim(self, combination: Combination) -> FileLock | None:
        """The right to run a combination, held until `release()`; None if it is done or another has it."""
        lock = self._lock(sha256(str(combination).encode()).hexdigest()[:16])
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return None
        # Read after the claim: whoever held it before may just have finished.
        if combination in self.read():
            lock.release()
            return None
        return lock

    def _lock(self, name: str) -> FileLock:
        self._locks.mkdir(parents=True, exist_ok=True)
        # Claims are taken in one thread and released in another.
        return FileLock(self._locks / name, thread_local=False)


def _parsed(line: str) -> dict[str, typing.Any]:
    if not line.endswith("\n"):
        raise ValueError("the line is torn: accepted are whole lines; remove it to run its combination again")
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        raise ValueError("the line is torn or no JSON: accepted is one JSON object a line") from None
    if not isinstance(record, dict) or not KEYS.keys() <= record.keys():
        wanted = f"the keys {', '.join(KEYS)}"
        raise ValueError(f"{line.strip()[:60]} is no result of table 1: accepted are objects with {wanted}")
    for name, kind in KEYS.items():
        value = record[name]
        if not isinstance(value, kind) or isinstance(value, bool) or (isinstance(value, float) and math.isnan(value)):
            raise ValueError(f"{name}={value!r} is no result of table 1")
    check_method(record["method"])
    return record
