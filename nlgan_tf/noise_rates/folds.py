"""Folds for cross-fitting: every image is scored by a model that has seen neither it nor a copy of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_integer, check_labels, check_seed, check_training_images
from nlgan_tf.data.duplicates import groups_of_equal_images
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.entries import Entries


def stratified_folds(noisy_labels: ArrayLike, folds: int, seed: int = 0, images: ArrayLike | None = None) -> np.ndarray:
    """Returns the fold of each image, stratified by noisy label.

    Where no images are equal, the folds' numbers of images with a label differ by at most one.

    Args:
        noisy_labels: Labels, 0 or 1, shape (n,).
        folds: Number of folds, from 2 up to the number of images of the rarer label.
        seed: Seed of the folds.
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c); equal ones are in one fold. None: all differ.

    Returns:
        int64 array of numbers from 0 to folds - 1, shape (n,).

    Raises:
        InputError: For labels, images or a number of folds that are not accepted.
    """
    labels = check_labels(noisy_labels, name="noisy_labels")
    check_integer("folds", folds)
    check_seed(seed)
    groups = np.arange(len(labels))
    if images is not None:
        images = check_training_images(images)
        if len(images) != len(labels):
            raise InputError(f"Expected as many images as noisy_labels, got {len(images)} and {len(labels)}")
        groups = groups_of_equal_images(images)
    fold = np.empty(len(labels), np.int64)
    for number, (_, held) in enumerate(Entries(labels, groups).splits(folds, seed)):
        fold[held] = number
    return fold


def most_folds(noisy_labels: np.ndarray, wanted: int) -> int:
    """Returns the number of folds that is wanted, or fewer where the rarer of the checked labels has fewer images."""
    return min(wanted, int(np.bincount(noisy_labels, minlength=2).min()))
