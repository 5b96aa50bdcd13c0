"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from nlgan_tf.errors import InputError

HIDDEN = re.compile(r"\.[0-9a-f]{8}-")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a hidden path beside `path`, moved there when the block ends without an error."""
    # It ends as `path` does: some writers choose a format by the suffix.
    temporary = _hidden_sibling(path)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file, whole."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def add_line(path: Path, line: str) -> None:
    """Adds a line to a file, which need not exist, and replaces the file as a whole; its mode stays."""
    with whole_file(path) as temporary:
        if path.exists():
            shutil.copy(path, temporary)
        with temporary.open("ab") as file:
            file.write(line.encode() + b"\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yields a new hidden folder beside `path`, which takes its place when the block ends without an error.

    What stands at `path` until then stays readable, and is deleted after the exchange.
    """
    temporary, replaced = _hidden_sibling(path), _hidden_sibling(path)
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise OSError(error.errno, f"folder {path} cannot be written: {error.strerror}") from error
    try:
        yield temporary
        if path.exists():
            path.rename(replaced)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def delete_leftovers(folder: Path) -> None:
    """Deletes, at any depth, what killed processes left half-written in a folder that no other process writes."""
    for path in sorted(folder.rglob(".*")):
        if HIDDEN.match(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _hidden_sibling(path: Path) -> Path:
    return path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")


def check_no_pattern(path: Path) -> Path:
    """Returns the path, unless TensorFlow or keras-tuner would take one of its characters for a pattern of names.

    Raises:
        InputError: For a path with * ? [ or ], under which nothing that was written would be found again.
    """
    odd = sorted(set(str(path)) & set("*?[]"))
    if odd:
        raise InputError(f"Expected a folder without the characters * ? [ ] in its path, got {path}")
    return path
