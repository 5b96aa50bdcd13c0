"""The photographs of a folder with their labels, by class folders or a label file; no photograph is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlgan_tf.data.sources.folder.picture import OTHER_SUFFIXES, SUFFIXES
from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.data.sources.folder.table import NAMES, find_table, read_table
from nlgan_tf.errors import InputError

TRAIN, TEST = "train", "test"
# Files that systems leave in folders.
SYSTEM_FILES = ("thumbs.db", "desktop.ini")
LAYOUTS = f"a folder for each class, or images with {', '.join(NAMES[:-1])} or {NAMES[-1]}"


@dataclass
class Listing:
    """Photographs of one part of a task.

    Attributes:
        root: Folder that all photographs lie in.
        files: Paths relative to `root`, with forward slashes.
        labels: Label of each, as its folder or its row says.
        causes: Causes by file, of those that are known not to be readable.
        ignored: Number of files that are no images, or without a row in the label file.
    """

    root: Path
    files: list[str] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    causes: dict[str, str] = field(default_factory=dict)
    ignored: int = 0

    def add(self, path: Path, label: Any) -> None:
        """Adds a photograph; one outside of the folder gets a cause."""
        file = path.relative_to(self.root).as_posix()
        self.files.append(file)
        self.labels.append(label)
        if not is_inside(path, self.root):
            self.causes[file] = "a link that leads out of the folder"


def list_folder(path: str, reading: Reading) -> tuple[Listing, Listing | None]:
    """Returns the training photographs of a folder, and those of its test part, if any.

    Raises:
        FileNotFoundError: For a folder that does not exist.
        InputError: For a folder in no known layout, without images, or a label file that is not accepted.
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise FileNotFoundError(f"Expected folder:PATH of {LAYOUTS}; got {root}, which does not exist")
    if not root.is_dir():
        raise InputError(f"Expected folder:PATH of {LAYOUTS}; got the file {root}")
    try:
        if table := find_table(root):
            return _by_prefix(root, table, reading)
        if not (root / TRAIN).is_dir():
            return _listed(root, root, reading), None
        test = _listed(root, root / TEST, reading) if (root / TEST).is_dir() else None
        return _listed(root, root / TRAIN, reading), test
    except OSError as error:
        raise InputError(f"Expected {error.filename or root} to be readable, got: {error.strerror}") from error


def is_inside(path: Path, root: Path) -> bool:
    """Whether a path leads, links followed, to something in the folder; True for what cannot be followed."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return True


def _by_prefix(root: Path, table: Path, reading: Reading) -> tuple[Listing, Listing | None]:
    """Of a label file for the whole folder: rows of files in test/ are the test part, where others are in train/."""
    rows = read_table(table, reading)
    split = any(name.startswith(f"{TRAIN}/") for name, *_ in rows)
    is_test = [split and name.startswith(f"{TEST}/") for name, *_ in rows]
    train = _of_rows(root, root, [row for row, held in zip(rows, is_test, strict=True) if not held])
    test = _of_rows(root, root, [row for row, held in zip(rows, is_test, strict=True) if held])
    train.ignored = _without_row(root, rows)
    return train, test if test.files else None


def _listed(root: Path, part: Path, reading: Reading) -> Listing:
    """One part of a folder, by its label file or its class folders."""
    if table := find_table(part):
        rows = read_table(table, reading)
        listing = _of_rows(root, part, rows)
        listing.ignored = _without_row(part, rows)
        return listing
    return _of_class_folders(root, part)


def _of_rows(root: Path, part: Path, rows: list) -> Listing:
    listing = Listing(root)
    for name, label, line in rows:
        path = part / name
        # Not resolved: a link in the folder keeps its own name.
        if Path(name).is_absolute() or ".." in Path(name).parts:
            listing.files.append(name)
            listing.labels.append(label)
            listing.causes[name] = f"a path out of the folder, line {line}"
        else:
            listing.add(path, label)
            if not path.exists() and not path.is_symlink():
                listing.causes[path.relative_to(root).as_posix()] = f"in line {line}, and in no folder"
    return listing


def _without_row(part: Path, rows: list) -> int:
    """Number of images that no row names."""
    named = {part / name for name, *_ in rows}
    return sum(_is_image(path) and path not in named for path in _files(part))


def _of_class_folders(root: Path, part: Path) -> Listing:
    listing = Listing(root)
    entries = sorted(path for path in part.iterdir() if not _is_hidden(path))
    folders = [path for path in entries if path.is_dir()]
    loose = [path for path in entries if path.is_file() and _is_image(path)]
    if not folders:
        count = sum(path.is_file() for path in entries)
        got = f"{len(loose)} images without labels" if loose else f"{count} files that are no images"
        raise InputError(f"Expected {LAYOUTS} in {part}; got {got if entries else 'an empty folder'}")
    if loose:
        raise InputError(
            f"Expected all images of {part} in class folders or a label file, got {loose[0].name} beside the folders"
        )
    for folder in folders:
        if not is_inside(folder, root):
            raise InputError(f"Expected class folders inside of {part}, got {folder.name}, a link that leads elsewhere")
        for path in _files(folder):
            if _is_image(path):
                listing.add(path, folder.name)
            else:
                listing.ignored += 1
    if not listing.files:
        raise InputError(
            f"Expected images ({', '.join(SUFFIXES)}) in the class folders of {part}, got none among "
            f"{listing.ignored} files"
        )
    return listing


def _files(folder: Path) -> list[Path]:
    """All that is no plain folder, at any depth, in the order of their paths; links to folders are not followed."""

    def fail(error: OSError) -> None:
        raise error

    found = []
    for place, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # A folder or a link that is named like an image is one to its owner.
        found += [Path(place) / name for name in (*names, *(name for name in folders if _is_image(Path(name))))]
    return sorted(path for path in found if not _is_hidden(path))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in (*SUFFIXES, *OTHER_SUFFIXES)


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in SYSTEM_FILES
