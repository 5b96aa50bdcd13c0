"""Photographs of mixed sizes -> one array of images."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlgan_tf.compat.quiet import import_tensorflow
from nlgan_tf.data.sources.folder import cache
from nlgan_tf.data.sources.folder.picture import Header, Unreadable, read_header, read_pixels
from nlgan_tf.data.sources.folder.settings import SIDE_DIVISOR

SMALLEST, LARGEST = 16, 64
# Side by side, each with its decoded pixels in memory.
THREADS = 4


@dataclass(frozen=True)
class Images:
    """Photographs of one size.

    Attributes:
        images: uint8, shape (n, side, side, c), of those that could be read, in their order; c is 1 if all are grey.
        kept: Index of each among the photographs.
        causes: Causes by index, of those that could not be read.
    """

    images: np.ndarray
    kept: np.ndarray
    causes: dict[int, str]


def read_images(paths: Sequence[Path], side: int | None, known: dict[int, str]) -> Images:
    """Returns photographs as images of one size, from the cache if nothing changed.

    Args:
        paths: Files of the photographs.
        side: Side of the square images; None as `default_side` says.
        known: Causes by index, of photographs that are not opened.
    """
    key = cache.key_of(paths, side)
    if not known and (images := cache.load(key)) is not None:
        return Images(images, np.arange(len(paths)), {})
    read = _read(paths, side, known)
    if not read.causes:  # What failed may succeed the next time.
        cache.store(key, read.images)
    return read


def default_side(shorter_sides: Sequence[int]) -> int:
    """Returns the median of the shorter sides, rounded down to a multiple of 4 within [16, 64]."""
    median = int(np.median(shorter_sides))
    return min(max(median // SIDE_DIVISOR * SIDE_DIVISOR, SMALLEST), LARGEST)


def without_colour(images: np.ndarray) -> np.ndarray:
    """Returns images, shape (n, h, w, 3), with one channel if all of them are grey, else as they are."""
    return images[..., :1].copy() if len(images) and (images == images[..., :1]).all() else images


def fitter(side: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from pixels, uint8, shape (any, any, 3), to an image of a side, rounded to uint8."""
    # Not at import: a mistyped task is refused before TensorFlow loads.
    import_tensorflow()
    import tensorflow as tf

    from nlgan_tf.data.letterbox import letterboxed

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)])
    def fit(pixels: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.round(letterboxed(pixels, (side, side))), tf.uint8)

    return lambda pixels: fit(pixels).numpy()


def _read(paths: Sequence[Path], side: int | None, known: dict[int, str]) -> Images:
    headers: dict[int, Header] = {}
    causes = dict(known)
    for index, path in enumerate(paths):
        if index not in causes:
            try:
                headers[index] = read_header(path)
            except Unreadable as error:
                causes[index] = str(error)
    if not headers:
        return Images(np.zeros((0, side or SMALLEST, side or SMALLEST, 3), np.uint8), np.zeros(0, np.int64), causes)
    side = side or default_side([min(header.width, header.height) for header in headers.values()])
    images = {}
    read = functools.partial(_fitted, fit=fitter(side))
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as threads:
        for index, image in zip(headers, threads.map(read, [paths[index] for index in headers]), strict=True):
            if isinstance(image, Unreadable):
                causes[index] = str(image)
            else:
                images[index] = image
    stacked = np.stack(list(images.values())) if images else np.zeros((0, side, side, 3), np.uint8)
    return Images(without_colour(stacked), np.array(list(images), np.int64), causes)


def _fitted(path: Path, fit: Callable) -> np.ndarray | Unreadable:
    try:
        return fit(read_pixels(path))
    except Unreadable as error:
        return error
