"""manifest.json: SHA-256 of every file in a folder, and where the files come from."""

from __future__ import annotations

import json
from pathlib import Path

from nlgan_tf.errors import InputError
from nlgan_tf.files import LOCK, sha256, write_text

NAME = "manifest.json"


def write_manifest(folder: Path, about: dict) -> None:
    """Writes the SHA-256 of every file below `folder`, and `about`, into its manifest."""
    content = {"files": {name: sha256(folder / name) for name in _files(folder)}, **about}
    write_text(folder / NAME, json.dumps(content, indent=2) + "\n")


def read_manifest(folder: Path) -> dict:
    """Returns a folder's manifest.

    Raises:
        InputError: If the manifest is missing or damaged.
    """
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if not all(isinstance(digest, str) for digest in content["files"].values()):
            raise InputError("no SHA-256 of its files")
    except FileNotFoundError as error:
        raise InputError(f"Expected a folder that this package wrote, got {folder} without {NAME}") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"Expected {folder / NAME} as it was written, got a damaged file: {error}") from error
    return content


def check_manifest(folder: Path) -> dict:
    """Returns the manifest of a folder that contains the listed files, unaltered, and no others but locks.

    Raises:
        InputError: For the first file that is missing, altered or not listed.
    """
    manifest = read_manifest(folder)
    listed, found = manifest["files"], _files(folder)
    for name in sorted(set(listed) | set(found)):
        if name not in found:
            raise InputError(f"Expected the files that the manifest of {folder} lists, got no file {name}")
        if name not in listed:
            raise InputError(f"Expected the files that the manifest of {folder} lists, got a file {name} beside them")
        if sha256(folder / name) != listed[name]:
            raise InputError(f"Expected {folder / name} as its manifest lists it, got an altered or damaged file")
    return manifest


def _files(folder: Path) -> list[str]:
    """Relative names, sorted, of all files but the manifest and locks."""
    paths = (path for path in folder.rglob("*") if path.name != LOCK and (not path.is_dir() or path.is_symlink()))
    return sorted(name for path in paths if (name := path.relative_to(folder).as_posix()) != NAME)
