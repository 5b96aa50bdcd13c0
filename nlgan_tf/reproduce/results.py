"""The results file: one JSON line for each finished combination, shared safely by processes that may be killed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import typing
from pathlib import Path

from nlgan_tf.errors import InputError
from nlgan_tf.files import HIDDEN, add_line, digest, locked, make_folder, write_text
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.reproduce.grid import Combination
from nlgan_tf.reproduce.methods import METHODS, check_method

NUMBER = (int, float)
KEYS = {
    "task": (str,),
    "size": (int,),
    "pi_p": NUMBER,
    "pi_n": NUMBER,
    "method": (str,),
    "recipe": (str,),
    "seed": (int,),
    "accuracy": NUMBER,
    "seconds": NUMBER,
    "epochs": (int, type(None)),
    "versions": (dict,),
    "commit": (str, type(None)),
}
IDENTITY = [field.name for field in dataclasses.fields(Combination)]
# Measurements that a judge of the drawn images adds, all or none; and shares, which lie in [0, 1].
JUDGED = {"judge_accuracy": NUMBER, "purity_p": NUMBER, "purity_n": NUMBER, "coverage": (dict,)}
KINDS = {**KEYS, "features": (str,), "accuracy_discriminator": NUMBER, **JUDGED}
SHARES = ("accuracy", "accuracy_discriminator", "judge_accuracy", "purity_p", "purity_n")
# Suffixes of the table, whose files lie beside the results.
TABLE_SUFFIXES = (".md", ".png")


class ResultsFile:
    """Records by combination; a line may have more than `KEYS`.

    Lines are only ever added, each with the whole file replaced at once under a lock, so that a kill at any moment
    leaves whole lines. Claims on combinations are locks in PATH.locks; the system frees a lock when its process ends,
    however the process ends.

    Args:
        path: Path of the file, which need not exist.
        cells: Cells (task, size, pi_p, pi_n) that lines may be of; None for any.

    Raises:
        InputError: For a name that its own table would have.
    """

    def __init__(self, path: Path, cells: set[tuple] | None = None) -> None:
        if path.suffix in TABLE_SUFFIXES:
            raise InputError(f"Expected a results file of another suffix, such as .jsonl; got {path}, its table's name")
        if path.is_symlink():  # The file is replaced as a whole, and a link would become a file of its own.
            path = path.resolve()
        self.path, self.cells = path, cells
        self._locks = path.with_name(path.name + ".locks")

    def read(self) -> dict[Combination, dict]:
        """Returns all records.

        Raises:
            InputError: For a line that is torn, is no result, is of another grid, or repeats an earlier one.
        """
        if not self.path.exists():
            return {}
        records: dict[Combination, dict] = {}
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), start=1):
            try:
                record = _parsed(line)
                combination = Combination(**{name: record[name] for name in IDENTITY})
                if self.cells is not None and combination.cell not in self.cells:
                    raise InputError(
                        f"Expected results of this grid, got {combination} of another: give that grid's options, or "
                        "another file"
                    )
                if combination in records:
                    raise InputError(f"Expected each combination once, got {combination} twice")
            except InputError as error:
                raise InputError(f"{self.path}, line {number}: {error}") from None
            records[combination] = record
        return records

    def append(self, *records: dict) -> None:
        """Adds a line for each record, all at once.

        Raises:
            InputError: If a combination has a line already, or the file cannot be read.
        """
        lines = [json.dumps(record) for record in records]
        for line in lines:
            _parsed(line.encode() + b"\n")
        make_folder(self.path.parent)
        with locked(self.path, wait=True):
            known = self.read()
            for record, line in zip(records, lines, strict=True):
                if Combination(**{name: record[name] for name in IDENTITY}) in known:
                    raise InputError(f"Expected a combination without a line in {self.path}, got {line}")
            for path in self.path.parent.iterdir():
                if HIDDEN.match(path.name) and HIDDEN.sub("", path.name) == self.path.name:
                    path.unlink()  # A process that was killed here held the lock.
            add_line(self.path, "\n".join(lines))

    def claim(self, combination: Combination) -> contextlib.ExitStack | None:
        """Returns the right to run a combination until `close()`; None if another has it or the combination is done."""
        make_folder(self._locks)
        with contextlib.ExitStack() as claim:
            try:
                claim.enter_context(locked(self._locks / digest(str(combination).encode())[:16]))
            except BlockingIOError:
                return None
            # Read after the claim: whoever had it before may just have finished.
            return None if combination in self.read() else claim.pop_all()

    def write_failure(self, combination: Combination, text: str) -> Path:
        """Writes the traceback of a combination that failed into PATH.failures, and returns the file."""
        path = self.path.with_name(self.path.name + ".failures") / f"{combination.slug}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
        return path


def split_parts(record: dict) -> list[dict]:
    """Returns the record of a run, and one for each method in its "parts", a mapping of methods to accuracies."""
    whole = {name: value for name, value in record.items() if name != "parts"}
    shared = {name: whole[name] for name in (*KEYS, "features") if name in whole}
    parts = record.get("parts", {})
    return [whole, *({**shared, "method": method, "accuracy": value} for method, value in parts.items())]


def _parsed(line: bytes) -> dict[str, typing.Any]:
    if not line.endswith(b"\n"):
        raise InputError("Expected whole lines, got a torn one: remove the line to run its combination again")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError("Expected one JSON object a line, got a torn line or no JSON") from None
    if not isinstance(record, dict) or not KEYS.keys() <= record.keys():
        given = line[:60].decode(errors="replace").strip()
        raise InputError(f"Expected a result of table 1, an object with the keys {', '.join(KEYS)}; got {given}")
    _check_values(record)
    return record


def _check_values(record: dict) -> None:
    for name, value in record.items():
        kinds = KINDS.get(name, (object,))
        if not isinstance(value, kinds) or isinstance(value, bool):
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
            raise InputError(f"Expected {name} of a result to be {wanted}; got {value!r}")
    shares = {name: [record[name]] for name in SHARES if name in record}
    shares["coverage"] = list(record.get("coverage", {}).values())
    for name, values in shares.items():
        if not all(isinstance(value, NUMBER) and 0 <= value <= 1 for value in values):
            raise InputError(f"Expected {name} of a result to be from 0 to 1, got {record[name]!r}")
    if not 0 <= record["seconds"] < math.inf:
        raise InputError(f"Expected seconds of a result to be finite and at least 0, got {record['seconds']!r}")
    if 0 < len(found := JUDGED.keys() & record.keys()) < len(JUDGED):
        raise InputError(f"Expected all or none of {', '.join(JUDGED)}; got {', '.join(sorted(found))}")
    method = METHODS[check_method(record["method"])]
    least = 1 if method.stage_one or method.fits else 0
    if (record["epochs"] or 0) < least:
        raise InputError(f"Expected epochs of {record['method']} to be at least {least}, got {record['epochs']}")
    RunConfig(**{name: record[name] for name in IDENTITY if name != "method"})
