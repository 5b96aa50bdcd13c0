"""The results file: one JSON line for each finished combination, shared safely by processes that may be killed."""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from nlgan_tf.errors import InputError
from nlgan_tf.files import add_line, write_text
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.reproduce.grid import Combination
from nlgan_tf.reproduce.methods import METHODS, check_method

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
# What a judge of the drawn images adds, all or nothing; and all that must lie in [0, 1].
JUDGED = {"judge_accuracy": NUMBER, "purity_p": NUMBER, "purity_n": NUMBER, "coverage": dict}
KINDS = {**KEYS, "accuracy_discriminator": NUMBER, **JUDGED}
SHARES = ("accuracy", "accuracy_discriminator", "judge_accuracy", "purity_p", "purity_n")
# Of the table, which stands beside the results.
TABLE_SUFFIXES = (".md", ".png")


class ResultsFile:
    """Records by combination; a line may hold more than `KEYS`.

    Lines are only ever added, each with the whole file replaced at once under a lock, so that a kill at any moment
    leaves whole lines. Locks, the claims on combinations among them, lie in PATH.locks; the system frees
    them when their process ends, however it ends.

    Args:
        path: of the file; it need not exist.
        cells: (task, size, pi_p, pi_n) that its lines may be of; None: any.

    Raises:
        InputError: for a name that its own table would have.
    """

    def __init__(self, path: Path, cells: set[tuple] | None = None) -> None:
        if path.suffix in TABLE_SUFFIXES:
            raise InputError(f"{path} would be its own table: accepted is another suffix, such as .jsonl")
        if path.is_symlink():  # Replaced as a whole, the link would become a file of its own.
            path = path.resolve()
        self.path, self.cells = path, cells
        self._locks = path.with_name(path.name + ".locks")

    def read(self) -> dict[Combination, dict]:
        """All records.

        Raises:
            InputError: for a line that is torn, is no result, is of another grid, or repeats an earlier one.
        """
        if not self.path.exists():
            return {}
        records: dict[Combination, dict] = {}
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), start=1):
            try:
                record = _parsed(line)
                combination = Combination(**{name: record[name] for name in IDENTITY})
                if self.cells is not None and combination.cell not in self.cells:
                    raise InputError(f"{combination} belongs to another grid: give that grid's options or another file")
                if combination in records:
                    raise InputError(f"{combination} stands there twice")
            except ValueError as error:
                raise InputError(f"{self.path}, line {number}: {error}") from None
            records[combination] = record
        return records

    def append(self, record: dict) -> None:
        """Adds one line.

        Raises:
            InputError: if the combination is there already, or the file cannot be read.
        """
        line = json.dumps(record)
        _parsed(line.encode() + b"\n")
        with self._lock("file"):
            known = self.read()
            if Combination(**{name: record[name] for name in IDENTITY}) in known:
                raise InputError(f"{self.path} already has a line of that combination: {line}")
            for leftover in self.path.parent.glob(f".????????-{self.path.name}"):
                leftover.unlink()  # A process that was killed here held the lock.
            add_line(self.path, line)

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

    def write_failure(self, combination: Combination, text: str) -> Path:
        """Keeps what is to be known of a combination that failed, in PATH.failures; the file it is in."""
        path = self.path.with_name(self.path.name + ".failures") / f"{combination.slug}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
        return path

    def _lock(self, name: str) -> FileLock:
        self._locks.mkdir(parents=True, exist_ok=True)
        # Claims are taken in one thread and released in another.
        return FileLock(self._locks / name, thread_local=False)


def _parsed(line: bytes) -> dict[str, typing.Any]:
    if not line.endswith(b"\n"):
        raise InputError("the line is torn: accepted are whole lines; remove it to run its combination again")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError("the line is torn or no JSON: accepted is one JSON object a line") from None
    if not isinstance(record, dict) or not KEYS.keys() <= record.keys():
        wanted = f"the keys {', '.join(KEYS)}"
        raise InputError(
            f"{line[:60].decode(errors='replace').strip()} is no result of table 1: accepted are objects with {wanted}"
        )
    _check_values(record)
    return record


def _check_values(record: dict) -> None:
    for name, value in record.items():
        if not isinstance(value, KINDS.get(name, object)) or isinstance(value, bool):
            raise InputError(f"{name}={value!r} is no result of table 1")
    shares = {name: [record[name]] for name in SHARES if name in record}
    shares["coverage"] = list(record.get("coverage", {}).values())
    for name, values in shares.items():
        if not all(isinstance(value, NUMBER) and 0 <= value <= 1 for value in values):
            raise InputError(f"{name}={record[name]!r} is no result of table 1: accepted are values from 0 to 1")
    if not 0 <= record["seconds"] < math.inf:
        raise InputError(f"seconds={record['seconds']!r} are no result of table 1: accepted are 0 and more")
    if 0 < len(JUDGED.keys() & record.keys()) < len(JUDGED):
        raise InputError(f"a judge's result is not whole: accepted are all of {', '.join(JUDGED)}, or none")
    method = METHODS[check_method(record["method"])]
    least = 1 if method.stage_one or method.fits else 0
    if (record["epochs"] or 0) < least:
        raise InputError(f"epochs={record['epochs']} is no result of {record['method']}: accepted are {least} and more")
    RunConfig(**{name: record[name] for name in IDENTITY if name != "method"})
