"""Images with the labels of one or several annotators: what counts, what is held out together, what is resampled."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from nlgan_tf.data.duplicates import groups_of_equal_images
from nlgan_tf.errors import InputError


@dataclass(frozen=True)
class Entries:
    """Images with one label each; an image that several annotators labelled has an entry for each label.

    Attributes:
        labels: Noisy labels, 0 or 1, shape (n,).
        images: Ids of the images, shape (n,); entries of one image have the same id.
    """

    labels: np.ndarray
    images: np.ndarray

    @cached_property
    def _blocks(self) -> list[np.ndarray]:
        """The indices of each image's entries, images in the order of their first entry."""
        _, first, image, counts = np.unique(self.images, return_index=True, return_inverse=True, return_counts=True)
        blocks = np.split(np.argsort(image, kind="stable"), np.cumsum(counts)[:-1])
        return [blocks[number] for number in np.argsort(first)]

    @cached_property
    def _strata(self) -> list[np.ndarray]:
        """Numbers of the images with label 1 alone, with label 0 alone, and with both."""
        share = np.array([self.labels[block].mean() for block in self._blocks])
        return [np.flatnonzero(stratum) for stratum in (share == 1, share == 0, (share > 0) & (share < 1))]

    def images_of(self, label: int) -> int:
        """Returns the number of different images that have a label."""
        return len(np.unique(self.images[self.labels == label]))

    @property
    def fewest_images(self) -> int:
        """The number of different images that have the rarer label."""
        return min(self.images_of(0), self.images_of(1))

    def resample(self, rng: np.random.Generator) -> np.ndarray:
        """Returns indices of entries: as many images of each stratum as it has, drawn with replacement."""
        drawn = np.concatenate([rng.choice(stratum, len(stratum)) for stratum in self._strata if len(stratum)])
        return np.concatenate([self._blocks[number] for number in drawn])

    def evened(self, chosen: np.ndarray) -> np.ndarray:
        """Returns the chosen indices, the rarer label's repeated as often as they fit whole times into the other's.

        D learns from batches with as many images of either label, and its outputs are those of classes of one size.
        The purity of a noisy set stays as it is when all of its images are repeated.
        """
        positive = self.labels[chosen] == 1
        counts = np.array([len(chosen) - positive.sum(), positive.sum()])
        return np.repeat(chosen, (counts.max() // counts)[positive.astype(int)])

    @property
    def one_is_rare(self) -> bool:
        """Whether one label is at least twice as frequent as the other."""
        positives = self.labels.sum()
        return bool(max(positives, len(self.labels) - positives) >= 2 * min(positives, len(self.labels) - positives))

    def splits(self, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Returns the entries to learn and those to hold out, for each fold; an image's entries stay together.

        Raises:
            InputError: For folds below 2, or more than there are images of the rarer label.
        """
        if not 2 <= folds <= self.fewest_images:
            raise InputError(
                f"Expected folds to be from 2 to {self.fewest_images}, the images of the rarer label, got {folds}"
            )
        if len(self._blocks) == len(self.labels):
            return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(self.labels, self.labels))
        with warnings.catch_warnings():
            # Entries of one image count as one: a label may have fewer images than entries.
            warnings.simplefilter("ignore", UserWarning)
            grouped = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
            return list(grouped.split(self.labels, self.labels, self.images))


def entries_of(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, Entries]:
    """Returns the indices of the images that count, in the order of appearance, and their entries.

    Where no image has both labels, repeated images are those of a small set that is repeated for training, and count
    once. Where some have both, they are the labels of several annotators, and each counts: an image on which two
    annotators agree has two entries, as one on which they differ. Repetition of the whole set counts once there, too.

    Args:
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        labels: Noisy labels, 0 or 1, shape (n,).
    """
    pairs = 2 * groups_of_equal_images(images) + labels
    distinct, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    times = np.ones(len(distinct), int)
    if len(np.unique(distinct // 2)) < len(distinct):
        given = distinct % 2
        # What every image of a label is repeated by.
        repetition = np.array([counts[given == label].min(initial=len(labels)) for label in (0, 1)])
        times = np.maximum(1, np.round(counts / repetition[given])).astype(int)
    order = np.argsort(first)
    kept = np.repeat(first[order], times[order])
    return kept, Entries(labels[kept], pairs[kept] // 2)
