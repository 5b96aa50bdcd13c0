"""ImageTask: a binary image task with all that is known of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from nlgan_tf.data.checks import check_images, check_labels
from nlgan_tf.errors import InputError


@dataclass(frozen=True)
class ImageTask:
    """Images and labels of a binary task; None where something is not known.

    Attributes:
        images: training images, uint8 or float32 in [0, 255], shape (n, h, w, c).
        labels: true labels, 1 (positive) or 0, shape (n,).
        test_images, test_labels: held-out images with true labels.
        noisy_labels: labels as given by the source, where it brings its own noise.
        subclass_labels: int, shape (n,), such as the digit within {5; 7}.
        class_names: (negative, positive), indexed by the label.

    Raises:
        InputError: for arrays that do not fit each other, or neither true nor noisy labels.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    noisy_labels: np.ndarray | None = None
    subclass_labels: np.ndarray | None = None
    class_names: tuple[str, str] = ("negative", "positive")

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", check_images(self.images))
        n = len(self.images)
        if self.labels is None and self.noisy_labels is None:
            raise InputError("a task has neither labels nor noisy_labels: at least one is needed")
        for name in ("labels", "noisy_labels"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, check_labels(getattr(self, name), length=n))
        if self.subclass_labels is not None and np.shape(self.subclass_labels) != (n,):
            raise InputError(f"subclass_labels have shape {np.shape(self.subclass_labels)}: accepted is ({n},)")
        if len(self.class_names) != 2 or self.class_names[0] == self.class_names[1]:
            raise InputError(f"class_names are {self.class_names}: accepted are two names, (negative, positive)")
        if (self.test_images is None) != (self.test_labels is None):
            raise InputError("a task has test_images or test_labels alone: both or neither are accepted")
        if self.test_images is not None:
            object.__setattr__(self, "test_images", check_images(self.test_images, shape=self.image_shape))
            labels = check_labels(self.test_labels, length=len(self.test_images), minimum_per_class=1)
            object.__setattr__(self, "test_labels", labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.images.shape[1:]

    def with_noisy_labels(self, noisy_labels: np.ndarray) -> ImageTask:
        """The same task with these noisy labels."""
        return dataclasses.replace(self, noisy_labels=noisy_labels)

    def reduced(self, size: int | None) -> ImageTask:
        """The first size / k training images of each of the k subclasses, in their order (paper, section 3.1).

        Classes stand in for subclasses where these are not known.

        Raises:
            InputError: if `size` does not divide by k, or a subclass has too few images.
        """
        if size is None:
            return self
        groups = self.subclass_labels
        if groups is None:
            groups = self.labels if self.labels is not None else self.noisy_labels
        names = np.unique(groups)
        if size < 1 or size % len(names):
            raise InputError(
                f"size={size} does not divide by the {len(names)} subclasses of the task: "
                f"accepted are multiples of {len(names)}"
            )
        share = size // len(names)
        members = [np.flatnonzero(groups == name) for name in names]
        smallest = min(map(len, members))
        if smallest < share:
            raise InputError(
                f"size={size} asks for {share} images of each subclass, and one has {smallest}: "
                f"accepted is at most {smallest * len(names)}"
            )
        kept = np.sort(np.concatenate([indices[:share] for indices in members]))
        per_image = ("images", "labels", "noisy_labels", "subclass_labels")
        return dataclasses.replace(
            self, **{name: getattr(self, name)[kept] for name in per_image if getattr(self, name) is not None}
        )
