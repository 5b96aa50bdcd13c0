"""Images that were read once, kept in the user's cache: a second run decodes nothing."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlgan_tf.files import digest, whole_file

# What a key stands for changes with the way of reading.
VERSION = "2"
# Entries that stay; the least recently written go.
KEPT = 16


def cache_folder() -> Path:
    """Returns nlgan_tf's folder in XDG_CACHE_HOME, by default ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "nlgan_tf" / "images"


def key_of(paths: Sequence[Path], *settings: object) -> str:
    """Returns a key of files by their paths, sizes and times of change, and of settings."""
    known = []
    for path in paths:
        try:
            found = path.stat()
            known.append((str(path.absolute()), found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        except (OSError, ValueError):  # A name with a null byte is one of no file.
            known.append((str(path.absolute()), None, None, None))
    return digest(json.dumps([VERSION, settings, known]).encode())


def load(key: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the images of a key and their places among its files, or None."""
    try:
        with (cache_folder() / f"{key}.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return stored["images"], stored["kept"]
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def store(key: str, images: np.ndarray, kept: np.ndarray) -> None:
    """Keeps images and their places among the files, whole or not at all; a cache that cannot be written is none."""
    # RuntimeError: a user without a home.
    with contextlib.suppress(OSError, RuntimeError):
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / f"{key}.npz") as temporary:
            np.savez(temporary, images=images, kept=kept)
        entries = sorted(folder.glob("[!.]*.npz"), key=lambda path: path.stat().st_mtime)
        for path in entries[:-KEPT]:
            path.unlink(missing_ok=True)
