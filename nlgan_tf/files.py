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
import warnings
from collections.abc import Iterator
from pathlib import Path

from nlgan_tf.errors import InputError

HIDDEN = re.compile(r"\.[0-9a-f]{8}-")
# Held by the process that works in a folder; deleted when the process is done, stale after a kill.
LOCK = ".lock"
# Of a path: TensorFlow and keras-tuner match names by them.
PATTERN = "*?[]\\"
# Answers of file systems, such as network ones, that lack locks, modes of files or the fsync of a folder.
NOT_OFFERED = {
    getattr(errno, name) for name in ("ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EBADF", "ENOLCK", "EINVAL", "EPERM", "EROFS")
}
# What a full disk, a quota and a limit on the size of files (`ulimit -f`) are to their user.
WRITE_FAILURES = {
    errno.ENOSPC: "no space left on the disk",
    errno.EDQUOT: "the quota of disk space is used up",
    errno.EFBIG: "a file would grow beyond the limit on the size of files (ulimit -f)",
}


@contextlib.contextmanager
def locked(path: Path, wait: bool = False) -> Iterator[bool]:
    """Holds the lock of a folder, or of a file, against other processes; a killed process's lock is free again.

    Where the file system has no locks, as some network file systems, the block runs without one, after a warning.

    Args:
        path: Folder, whose lock is a hidden file in the folder; or file, whose lock is a hidden file beside the file.
        wait: Whether to wait for another holder.

    Yields:
        Whether the lock is held: False on a file system without locks.

    Raises:
        BlockingIOError: If another process holds the lock, unless `wait`.
    """
    # Not at import: `--help` reads this module's names, and locks nothing.
    from filelock import FileLock, Timeout

    lock_file = path / LOCK if path.is_dir() else path.with_name(f".{path.name}{LOCK}")
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    # Whoever may write the folder may take the lock that another user's process left.
    mode = lock_file.parent.stat().st_mode & 0o666
    # No fall-back to a file's existence: the lock of a machine that was lost would never be free again.
    lock = FileLock(lock_file, mode=mode, thread_local=False, fallback_to_soft=False)
    try:
        with _unless_not_offered():
            lock.acquire(blocking=wait)
    except Timeout as error:
        raise BlockingIOError(
            errno.EAGAIN, f"Expected one process at a time in {path}, got another one at work"
        ) from error
    if not lock.is_locked:
        warnings.warn(
            f"Expected a file system with locks, got none: let one process at a time use {path}", stacklevel=3
        )
    try:
        yield lock.is_locked
    finally:
        if not wait or not lock.is_locked:
            # While the lock is held. Where others wait, their lock is this file, and the file stays.
            with _unless_not_offered():
                lock_file.unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def _unless_not_offered() -> Iterator[None]:
    """Passes over a call that the file system does not offer."""
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_OFFERED:
            raise


class WriteFailed(OSError):
    """A place that has no room for what is to be written, with its remedy."""


@contextlib.contextmanager
def write_errors(place: Path, remedy: str = "make room") -> Iterator[None]:
    """Raises what a full disk, a quota or `ulimit -f` is to Python, TensorFlow and HDF5 as WriteFailed."""
    try:
        yield
    except WriteFailed:
        raise
    except Exception as error:
        code, text = getattr(error, "errno", None), str(error)
        if code not in WRITE_FAILURES:
            words = ((code, (os.strerror(code), f"errno = {code},")) for code in WRITE_FAILURES)
            code = next((code for code, known in words if any(word in text for word in known)), None)
        if code is None:
            raise
        raise WriteFailed(code, f"{WRITE_FAILURES[code]} while writing {place}: {remedy}") from error


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a hidden path beside `path`, moved there when the block ends without an error.

    The content is on the disk before the name is: a machine that goes down leaves the old file or the new one. A file
    that is replaced passes its mode on; of a symbolic link, the target is replaced.
    """
    path = path.resolve() if path.is_symlink() else path
    # The suffix is the path's: some writers choose a format by the suffix.
    temporary = _hidden_sibling(path)
    try:
        yield temporary
        if path.exists():
            with _unless_not_offered():
                shutil.copymode(path, temporary)
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
    """Adds a line to a file, which need not exist, and replaces the file as a whole."""
    with whole_file(path) as temporary:
        if path.exists():
            shutil.copyfile(path, temporary)
        with temporary.open("ab") as file:
            file.write(line.encode() + b"\n")


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yields a new hidden folder beside `path`, which takes its place when the block ends without an error.

    What was at `path` until then stays readable, and is deleted after the exchange.
    """
    with hidden_folder(path) as temporary:
        yield temporary
        # Nobody else knew of the folder.
        (temporary / LOCK).unlink(missing_ok=True)
        sync_tree(temporary)
        replaced = _hidden_sibling(path)
        if path.exists():
            path.rename(replaced)
        try:
            temporary.rename(path)
        except BaseException:
            if replaced.exists():
                replaced.rename(path)
            raise
        sync(path.parent)
        shutil.rmtree(replaced, ignore_errors=True)


@contextlib.contextmanager
def hidden_folder(path: Path) -> Iterator[Path]:
    """Yields a new empty folder beside `path`, hidden, and deletes what is left of the folder when the block ends."""
    folder = _hidden_sibling(path)
    make_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    """Waits until a file or folder is on the disk, where the file system can tell.

    Raises:
        OSError: For content that did not reach the disk, such as a full one.
    """
    with _unless_not_offered():
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
    """Makes a folder, and returns whether it is new; OSError in one line where no folder can be written."""
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
    """If the block fails, a new folder is deleted, unless something but its lock was written to it."""
    try:
        yield
    except BaseException:
        if new:
            with contextlib.suppress(OSError):  # The folder is not empty.
                if [path.name for path in folder.iterdir()] == [LOCK]:
                    (folder / LOCK).unlink()
                folder.rmdir()
        raise


def empty(folder: Path) -> None:
    """Deletes the content of a folder, but for its lock."""
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
        InputError: For a path with a character of PATTERN, under which what is written would not be found again, or
            what another folder holds would be found too.
    """
    if set(str(path)) & set(PATTERN) - {os.sep}:
        raise InputError(f"Expected a folder without the characters {' '.join(PATTERN)} in its path, got {path}")
    return path


def read_json(path: Path) -> dict:
    """JSON object of a file that a run or a search wrote; InputError for anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"Expected {path} as a run wrote it, got what cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"Expected {path} as a run wrote it, got no JSON object")
    return content


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(*parts: bytes) -> str:
    """Hexadecimal SHA-256 of all parts, in their order."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _hidden_sibling(path: Path) -> Path:
    return path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
