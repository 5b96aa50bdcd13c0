"""Version directories BASE/<model>/<N>/ that appear whole or not at all, whoever else publishes meanwhile."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from nlgan_tf.errors import InputError

# No server takes such a name for a version.
UNFINISHED = ".unfinished-"
MODEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def check_model_name(name: str) -> str:
    """Returns `name` if TF Serving's URLs and configuration take it; InputError otherwise."""
    if not MODEL_NAME.fullmatch(name):
        raise InputError(
            f"model name {name!r} is not accepted by TF Serving: accepted are letters, digits, '_', '-' and '.', "
            "a letter first"
        )
    return name


def versions(model_dir: Path) -> list[int]:
    """The published versions of a model, ascending."""
    if not model_dir.is_dir():
        return []
    return sorted(int(path.name) for path in model_dir.iterdir() if path.name.isdecimal())


@contextlib.contextmanager
def locked(folder: Path, operation: int = fcntl.LOCK_EX | fcntl.LOCK_NB) -> Iterator[None]:
    """Holds a folder's lock; unless `operation` waits, BlockingIOError where another process holds it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def unpublished(model_dir: Path) -> Iterator[tuple[Path, Callable[[], Path]]]:
    """A new folder beside the versions of a model, and the function that makes it the next version.

    What is not published when the block ends is deleted. A killed process leaves its folder behind, under a name
    that is no version; the next export into the same place deletes it.

    Raises:
        OSError: if the place cannot be written.
    """
    with contextlib.ExitStack() as cleanup:
        try:
            model_dir.mkdir(parents=True, exist_ok=True)
            # One at a time: a new folder must not look left behind before its owner holds its lock.
            with locked(model_dir, fcntl.LOCK_EX):
                _delete_leftovers(model_dir)
                temporary = Path(tempfile.mkdtemp(dir=model_dir, prefix=UNFINISHED))
                cleanup.callback(shutil.rmtree, temporary, ignore_errors=True)
                # It says that the owner lives: the kernel gives it up with the process.
                cleanup.enter_context(locked(temporary))
        except OSError as error:
            raise OSError(error.errno, f"folder {model_dir} cannot be written: {error.strerror}") from error
        yield temporary, lambda: _publish(temporary)


def _publish(temporary: Path) -> Path:
    temporary.chmod(0o755)
    for path in (*temporary.rglob("*"), temporary):
        _fsync(path)
    model_dir = temporary.parent
    while True:
        target = model_dir / str(max(versions(model_dir), default=0) + 1)
        try:
            temporary.rename(target)
        except OSError as error:
            # Another export took this number after it was chosen.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            continue
        _fsync(model_dir)
        return target


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete_leftovers(model_dir: Path) -> None:
    for folder in model_dir.glob(f"{UNFINISHED}*"):
        with contextlib.suppress(OSError), locked(folder):
            shutil.rmtree(folder, ignore_errors=True)
