"""Files and folders that appear whole or not at all, and one lock: what survives a kill, a full disk and company."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from nlgan_tf.errors import InputError

HIDDEN = re.compile(r"\.[0-9a-f]{8}-")
# Held by the process that works in a folder; deleted when the process is done, stale after a kill.
LOCK = ".lock"


@contextlib.contextmanager
def locked(path: Path, wait: bool = False) -> Iterator[None]:
    """Holds the lock of a folder, or of a file, against other processes; a killed process's lock is free again.

    Where the file system has no locks, as some network file systems, the block runs without one.

    Args:
        path: Folder, whose lock is a hidden file in the folder; or file, whose lock is a hidden file beside the file.
        wait: Whether to wait for another holder.

    Raises:
        BlockingIOError: If another process holds the lock, unless `wait`.
    """
    lock_file = path / LOCK if path.is_dir() else path.with_name(f".{path.name}{LOCK}")
    lock = FileLock(lock_file, thread_local=False)
    try:
        lock.acquire(blocking=wait)
    except Timeout as error:
        raise BlockingIOError(
            errno.EAGAIN, f"Expected one process at a time in {path}, got another that works there"
        ) from error
    except (OSError, NotImplementedError):
        # No locks here: a training must not end for want of one.
        yield
        return
    try:
        yield
    finally:
        if not wait:
            # While the lock is held. Where others wait, their lock is this file, and the file stays.
            lock_file.unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a hidden path beside `path`, moved there when the block ends without an error.

    The content is on the disk before the name is: a machine that goes down leaves the old file or the new one.
    """
    # The suffix is the path's: some writers choose a format by the suffix.
    temporary = _hidden_sibling(path)
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
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


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yields a new hidden folder beside `path`, which takes its place when the block ends without an error.

    What was at `path` until then stays readable, and is deleted after the exchange.
    """
    temporary, replaced = _hidden_sibling(path), _hidden_sibling(path)
    make_folder(temporary)
    try:
        yield temporary
        sync_tree(temporary)
        if path.exists():
            path.rename(replaced)
        temporary.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def sync(path: Path) -> None:
    """Waits until a file or folder is on the disk, where the file system can tell."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """`sync` of all that a folder holds, and of the folder."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def make_folder(folder: Path) -> bool:
    """Whether the folder was made here, False where one exists; InputError where none can be written."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if folder.is_dir() and os.access(folder, os.W_OK):
            return False
        reason = errno.EACCES if folder.is_dir() else errno.ENOTDIR
        raise OSError(reason, f"folder {folder} cannot be written: {os.strerror(reason)}") from None
    except OSError as error:
        raise OSError(error.errno, f"folder {folder} cannot be written: {error.strerror}") from error
    return True


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Makes the folder, or finds it; if the block fails before anything is written, a new folder is deleted again."""
    with deleted_if_unused(folder, make_folder(folder)):
        yield


@contextlib.contextmanager
def deleted_if_unused(folder: Path, new: bool) -> Iterator[None]:
    """If the block fails, a new folder is deleted, unless something was written to it."""
    try:
        yield
    except BaseException:
        if new:
            with contextlib.suppress(OSError):  # The folder is not empty.
                folder.rmdir()
        raise


def empty(folder: Path) -> None:
    """Deletes what the folder holds, but for its lock."""
    for path in folder.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def delete_leftovers(folder: Path) -> None:
    """Deletes, at any depth, what killed processes left half-written in a folder that no other process writes."""
    for path in sorted(folder.rglob(".*")):
        if HIDDEN.match(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def check_no_pattern(path: Path) -> Path:
    """Returns the path, unless TensorFlow or keras-tuner would take one of its characters for a pattern of names.

    Raises:
        InputError: For a path with * ? [ ] or \\, under which nothing that was written would be found again.
    """
    if set(str(path)) & set("*?[]\\"):
        raise InputError(f"Expected a folder without the characters * ? [ ] \\ in its path, got {path}")
    return path


def read_json(path: Path) -> dict:
    """Content of a JSON file that a run or a search wrote; InputError for anything else."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Expected {path} as a run wrote it, got what cannot be read: {error}") from error


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(*parts: bytes) -> str:
    """Hexadecimal SHA-256 over all parts."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _hidden_sibling(path: Path) -> Path:
    return path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
