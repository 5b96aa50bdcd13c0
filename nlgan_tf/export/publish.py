"""Version directories BASE/<model>/<N>/ that appear whole or not at all, whoever else publishes meanwhile."""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from nlgan_tf.errors import InputError
from nlgan_tf.files import locked, make_folder, sync, sync_tree

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


class Unpublished:
    """A new folder beside the versions of a model.

    Attributes:
        folder: Where to write the version.
        published: Version directory, once `publish` was called; None before.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.published: Path | None = None

    def publish(self) -> Path:
        """Makes the folder the model's next version."""
        model_dir = self.folder.parent
        while True:
            target = model_dir / str(max(versions(model_dir), default=0) + 1)
            try:
                self.folder.rename(target)
            except OSError as error:
                # Another export took this number after it was chosen.
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                continue
            sync(model_dir)
            self.published = target
            return target

    def withdraw(self) -> None:
        """Takes a published version back."""
        if self.published is not None:
            self.published.rename(self.folder)
            self.published = None


@contextlib.contextmanager
def unpublished(model_dir: Path) -> Iterator[Unpublished]:
    """A version to write; if the block ends without `publish`, the version is deleted.

    A killed process leaves its folder behind, under a name that is no version; the next export into the same place
    deletes it.

    Raises:
        OSError: If the place cannot be written.
    """
    make_folder(model_dir)
    _delete_leftovers(model_dir)
    folder = model_dir / f"{UNFINISHED}{uuid.uuid4().hex[:8]}"
    # Locked before the folder exists: a folder without its lock was left by a killed process.
    with locked(_owner_of(folder)):
        make_folder(folder)
        try:
            yield Unpublished(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def publish_all(written: Sequence[Unpublished]) -> list[Path]:
    """Publishes every version, or none: those before one that fails are taken back."""
    for one in written:
        sync_tree(one.folder)
    try:
        return [one.publish() for one in written]
    except BaseException:
        for one in written:
            one.withdraw()
        raise


def _owner_of(folder: Path) -> Path:
    """Stands for the process that writes a folder: its lock is beside the folder, and no part of the version."""
    return folder.with_name(f"{folder.name}.owner")


def _delete_leftovers(model_dir: Path) -> None:
    for folder in model_dir.glob(f"{UNFINISHED}*"):
        with contextlib.suppress(BlockingIOError), locked(_owner_of(folder)):
            shutil.rmtree(folder, ignore_errors=True)
