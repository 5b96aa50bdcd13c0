"""One photograph: its header, and its pixels, by Pillow. What cannot be read raises `Unreadable` with the cause."""

from __future__ import annotations

import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".gif")
# Suffixes of photographs in other formats: told of, as their owner takes them for images.
OTHER_SUFFIXES = (".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".psd", ".ico", ".ppm", ".pgm")
MAX_BYTES = 2**27
# A photograph of 64 megapixels passes; its pixels take 200 MB.
MAX_PIXELS = 8192 * 8192
ORIENTATION_TAG = 0x0112
WHITE = (255, 255, 255, 255)


class Unreadable(Exception):
    """A photograph that cannot be read; the message is the cause, in a few words."""


@dataclass(frozen=True)
class Header:
    """What a file says of its image: the upright size."""

    width: int
    height: int


def read_header(path: Path) -> Header:
    """Returns the header of an image file, whose pixels are not decoded."""
    with _opened(path) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return Header(width, height)


def read_pixels(path: Path) -> np.ndarray:
    """Returns the upright pixels of an image file, uint8, shape (h, w, 3)."""
    with _opened(path) as image:
        try:
            return to_pixels(image)
        except Exception as error:  # Pillow raises a dozen types on damaged files.
            raise Unreadable(_first_line(error)) from error


def to_pixels(image: Image.Image) -> np.ndarray:
    """Returns the first frame of an image of Pillow as upright pixels, uint8, shape (h, w, 3).

    Transparent parts are white, 16 bits become the upper 8, and CMYK becomes RGB. An EXIF orientation counts but in a
    PNG, of which the served classifier reads none either.
    """
    from PIL import Image

    orientation = _orientation(image)
    if image.mode == "I" or image.mode.startswith("I;16"):
        image = Image.fromarray((np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image)
    image = image.convert("RGB")
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    if orientation in turns:
        image = image.transpose(turns[orientation])
    return np.asarray(image)


def _opened(path: Path) -> Image.Image:
    """The image of a file, not decoded yet, whose format and size are accepted."""
    from PIL import Image

    _check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of Pillow's own, lower bound on pixels.
            image = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise Unreadable(f"more than {MAX_PIXELS} pixels") from error
    except Image.UnidentifiedImageError as error:
        raise Unreadable("no PNG, JPEG, BMP, WebP or GIF") from error
    except Exception as error:
        raise Unreadable(_first_line(error)) from error
    width, height = image.size
    if not 0 < width * height <= MAX_PIXELS:
        image.close()
        raise Unreadable(f"{width} x {height} pixels, where at most {MAX_PIXELS} are read")
    return image


def _check_file(path: Path) -> None:
    """Unreadable for what would hang, or fill the memory, when it is opened."""
    try:
        found = path.stat()
    except OSError as error:
        raise Unreadable("a link to nothing" if path.is_symlink() else _first_line(error)) from error
    if stat.S_ISDIR(found.st_mode):
        raise Unreadable("a folder")
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("no regular file")
    if found.st_size == 0:
        raise Unreadable("zero bytes")
    if found.st_size > MAX_BYTES:
        raise Unreadable(f"{found.st_size} bytes, where at most {MAX_BYTES} are read")
    if not os.access(path, os.R_OK):
        raise Unreadable("no permission to read")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where EXIF is missing or damaged, and in a PNG."""
    from PIL import Image

    content = image.info.get("exif")
    if image.format == "PNG" or not isinstance(content, bytes):
        return 1
    exif = Image.Exif()
    try:
        exif.load(content)
        found = exif.get(ORIENTATION_TAG, 1)
    except Exception:  # Damaged EXIF, of which Pillow raises several types.
        return 1
    return found if found in range(1, 9) else 1


def _first_line(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0].lower()
