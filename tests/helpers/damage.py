"""Damaged files."""

from pathlib import Path


def damage(folder: Path, name: str) -> None:
    """Changes one bit in the middle of a file."""
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
