"""The style of all figures, which no user's matplotlibrc changes, and the one way to write them."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib
import matplotlib.style
from matplotlib.figure import Figure

from nlgan_tf.errors import InputError
from nlgan_tf.files import whole_file

LONGEST_TEXT = 40


@contextlib.contextmanager
def plain_style() -> Iterator[None]:
    """Draws by matplotlib's defaults; a decorator of functions that return a Figure.

    Text is no markup: `$`, `_` and `^` in a class name are characters.
    """
    with matplotlib.style.context("default"), matplotlib.rc_context({"text.parse_math": False}):
        yield


def plain_text(text: str) -> str:
    """Returns a user's text as one line of at most 40 characters, white space as a space, `?` for the unprintable."""
    line = "".join(char if char.isprintable() else "?" for char in " ".join(str(text).split()))
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 1]}…"


@plain_style()
def save(figure: Figure, path: str | os.PathLike, dpi: float = 150) -> None:
    """Writes a figure as a PNG, whole or not at all, and its folder where that is missing.

    Args:
        figure: Figure, drawn in `plain_style`.
        path: File to write, of any suffix; an existing file is replaced.
        dpi: Pixels an inch.
    """
    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), whole_file(path) as temporary:
        # A letter that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(temporary, dpi=dpi, format="png")


def save_if_possible(path: str | os.PathLike, draw: Callable[..., Figure], *arguments: object) -> bool:
    """Saves `draw(*arguments)` and returns True; a failure is a warning and False, since no run needs a picture."""
    try:
        save(draw(*arguments), path)
    except Exception as error:  # Whatever matplotlib, its fonts or the disk may raise.
        warnings.warn(f"The picture {path} could not be made: {type(error).__name__}: {error}", stacklevel=2)
        return False
    return True


def check_writable(path: str | os.PathLike) -> Path:
    """Returns the path of a file that `save` can write, and changes nothing.

    Raises:
        InputError: For a folder, or a file in a folder that cannot be made or written.
    """
    try:
        path = Path(path).expanduser()
        # A device would be replaced, too.
        if path.exists() and not path.is_file():
            raise InputError(f"Expected a file to write, got {'the folder' if path.is_dir() else 'the device'} {path}")
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        # A file as `save` writes: os.access is wrong on file systems of networks.
        tempfile.NamedTemporaryFile(prefix=".", suffix=f"-{path.name}", dir=folder).close()
    except OSError as error:
        raise InputError(f"Expected a file that can be written, got {path}: {error.strerror}") from None
    return path
