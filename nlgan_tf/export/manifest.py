"""manifest.json: what stands in a folder, by SHA-256, and what it was made of."""

from __future__ import annotations

import json
from pathlib import Path

from nlgan_tf.errors import InputError
from nlgan_tf.files import sha256, write_text

NAME = "manifest.json"


def write_manifest(folder: Path, about: dict) -> None:
    """Writes the SHA-256 of every file below `folder`, and `about`, into its manifest."""
    content = {"files": {name: sha256(folder / name) for name in _files(folder)}, **about}
    write_text(folder / NAME, json.dumps(content, indent=2) + "\n")


def read_manifest(folder: Path) -> dict:
    """A folder's manifest.

    Raises:
        InputError: if there is none, or it is damaged.
    """
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if not all(isinstance(digest, str) for digest in content["files"].values()):
            raise InputError("its files have no SHA-256")
    except FileNotFoundError as error:
        raise InputError(f"{folder} has no {NAME}: accepted is what this package wrote, whole") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{folder / NAME} is damaged: {error}") from error
    return content


def check_manifest(folder: Path) -> dict:
    """The manifest of a folder that holds the files it lists, unaltered, and no other.

    Raises:
        InputError: for the first file that is missing, altered or not listed.
    """
    manifest = read_manifest(folder)
    listed, found = manifest["files"], _files(folder)
    for name in sorted(set(listed) | set(found)):
        if name not in found:
            raise InputError(f"{folder} has no file {name}, which its manifest lists")
        if name not in listed:
            raise InputError(f"{folder} has a file {name} that its manifest does not list")
        if sha256(folder / name) != listed[name]:
            raise InputError(f"{folder / name} is not what its manifest lists: it was altered or damaged")
    return manifest


def _files(folder: Path) -> list[str]:
    """Relative names, sorted, of all files but the manifest."""
    paths = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return sorted(name for path in paths if (name := path.relative_to(folder).as_posix()) != NAME)
