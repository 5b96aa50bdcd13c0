"""run.log: what a run said, a line with its time each, however often the run is resumed."""

from __future__ import annotations

import time
from pathlib import Path


class RunLog:
    """The lines of a run, kept in memory until the run may write to its folder.

    Attributes:
        path: File that lines are appended to; None before `write_to`.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self._waiting: list[str] = []

    def add(self, text: str) -> None:
        """Adds text with its time; control characters become question marks."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        for line in text.splitlines():
            plain = "".join(char if char.isprintable() else "?" for char in line)
            self._waiting.append(f"{now}  {plain}\n")
        if self.path is not None:
            self.write_to(self.path)

    def write_to(self, path: Path) -> None:
        """Appends to a file from now on, the lines so far first."""
        self.path = path
        with path.open("a", encoding="utf-8") as file:
            file.writelines(self._waiting)
        self._waiting.clear()
