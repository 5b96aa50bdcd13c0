"""Version directories BASE/<model>/<N>/ that appear whole or not at all, whoever else publishes meanwhile."""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nlgan_tf.errors import InputError
from nlgan_tf.files import HIDDEN, claimed, hidden_folder, locked, make_folder, sync, sync_tree

MODEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def check_model_name(name: str) -> str:
    """Returns `name` if TF Serving's URLs and configuration accept it; InputError otherwise."""
    if not MODEL_NAME.fullmatch(name):
        raise InputError(
            f"Expected a model name of letters, digits, '_', '-' and '.', a letter first, for TF Serving, got {name!r}"
        )
    return name


def versions(model_dir: Path) -> list[int]:
    """Published versions of a model, ascending."""
    if not model_dir.is_dir():
        return []
    return sorted(int(path.name) for path in model_dir.iterdir() if path.name.isascii() and path.name.isdecimal())


@contextlib.contextmanager
def unpublished(base_dir: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yields a new hidden folder in a base: versions are written to its folders of the models' names, then published.

    What is not published when the block ends is deleted. A killed process leaves its folder behind, and the next
    export into the base deletes that folder.

    Args:
        base_dir: Folder with one folder a model; made where it does not exist.
        names: Names of the models.

    Raises:
        OSError: If the base, or the folder of a model, cannot be written.
    """
    with claimed(base_dir), contextlib.ExitStack() as cleanup:
        for name in names:
            if (base_dir / name).exists():
                make_folder(base_dir / name)
        # Under the base's lock, so that a folder without a lock of its own is a killed process's.
        with locked(base_dir, wait=True) as alone:
            if alone:
                _delete_leftovers(base_dir)
            folder = cleanup.enter_context(hidden_folder(base_dir / "unpublished"))
            cleanup.enter_context(locked(folder))
        yield folder


def publish_all(folder: Path, names: Sequence[str], finish: Callable[[], None]) -> list[Path]:
    """Makes each FOLDER/<name> the next version of its model, then calls `finish`: all of it is done, or nothing.

    Args:
        folder: Folder of `unpublished`.
        names: Names of the models.
        finish: Called when all version directories are in place; if it fails, they are taken back.

    Returns:
        The version directories, in the order of the models.
    """
    sync_tree(folder)
    published: list[Path] = []
    with locked(folder.parent, wait=True):
        try:
            for name in names:
                published.append(_publish(folder / name, folder.parent / name))
                sync(folder.parent / name)
            finish()
        except BaseException:
            for name, version_dir in zip(names, published, strict=False):
                version_dir.rename(folder / name)
                with contextlib.suppress(OSError):  # Other versions are in the folder.
                    version_dir.parent.rmdir()
            raise
    return published


def _publish(written: Path, model_dir: Path) -> Path:
    with claimed(model_dir):
        while True:
            version_dir = model_dir / str(max(versions(model_dir), default=0) + 1)
            try:
                written.rename(version_dir)
            except OSError as error:
                # Where there are no locks, another export may take this number after it was chosen.
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                continue
            return version_dir


def _delete_leftovers(base_dir: Path) -> None:
    for path in base_dir.iterdir():
        if HIDDEN.match(path.name) and path.is_dir():
            with contextlib.suppress(BlockingIOError), locked(path):
                shutil.rmtree(path, ignore_errors=True)
