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

# A run of 800 images of 40x40 ends in a quarter of an hour on two slow cores; of 64x64 it takes over twice as long.
SMALLEST, LARGEST = 16, 40
# Largest difference of the channels of a grey pixel: lossy WebP and JPEG leave a little colour in grey photographs.
GREY_WITHIN = 4
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# Side by side, each with its decoded pixels in memory.
THREADS = 4


@dataclass(frozen=True)
class Images:
    """Photographs of one size.

    Attributes:
        images: uint8, shape (n, side, side, c), of those that could be read, in their order; c is 1 if all are grey.
        kept: Index of each among the photographs.
        causes: Causes by index in rising order, of those that could not be read.
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
    # With the bounds of the default side: another version may have others.
    key = cache.key_of(paths, side or (SMALLEST, LARGEST), *sorted(known.items()))
    if (cached := _cached(key, paths, known)) is not None:
        return cached
    read = _read(paths, side, known)
    if len(read.images):
        cache.store(key, read.images, read.kept)
    return read


def default_side(shorter_sides: Sequence[int]) -> int:
    """Returns the median of the shorter sides, rounded down to a multiple of 4 within [16, 40]."""
    median = int(np.median(shorter_sides))
    return min(max(median // SIDE_DIVISOR * SIDE_DIVISOR, SMALLEST), LARGEST)


def without_colour(images: np.ndarray) -> np.ndarray:
    """Returns images, shape (n, h, w, 3), with their luma alone if all of them are grey, else as they are."""
    if not len(images) or np.ptp(images, axis=-1).max() > GREY_WITHIN:
        return images
    return np.rint(images @ LUMA).astype(np.uint8)[..., np.newaxis]


def fitter(side: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from pixels, uint8, shape (any, any, 3), to an image of a side, rounded to uint8."""
    # Not at import: a mistyped task is refused before TensorFlow loads.
    import_tensorflow()
    import tensorflow as tf

    from nlgan_tf.data.letterbox import letterboxed

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)])
    def fit(pixels: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.round(letterboxed(pixels, (side, side))), tf.uint8)

    return lambda pixels: fit(pixels).numpy()


def _cached(key: str, paths: Sequence[Path], known: dict[int, str]) -> Images | None:
    """The images of a key; None if there are none, or if a photograph that failed can be read now."""
    stored = cache.load(key)
    if stored is None or len(stored[0]) != len(stored[1]):
        return None
    images, kept = stored
    causes = dict(known)
    for index in sorted(set(range(len(paths))) - set(kept.tolist()) - set(known)):
        try:
            read_pixels(paths[index])
        except Unreadable as error:
            causes[index] = str(error)
        else:
            return None
    return Images(images, kept, dict(sorted(causes.items())))


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
    return Images(without_colour(stacked), np.array(list(images), np.int64), dict(sorted(causes.items())))


def _fitted(path: Path, fit: Callable) -> np.ndarray | Unreadable:
    try:
        return fit(read_pixels(path))
    except Unreadable as error:
        return error
