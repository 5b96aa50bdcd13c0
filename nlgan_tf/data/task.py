"""ImageTask: a binary image task with all that is known about it."""

from __future__ import annotations

import dataclasses
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlgan_tf.data.checks import CHANNELS, as_array, check_integer, check_labels, check_training_images
from nlgan_tf.data.duplicates import count_shared
from nlgan_tf.errors import InputError

# The generators double an image of a quarter of the sides twice.
SIDE_DIVISOR = 4
# Control characters, lone surrogates, and line and paragraph separators, which no figure or label file can show.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True)
class ImageTask:
    """Images and labels of a binary task; None where something is not known.

    Attributes:
        images: Training images, uint8 or float32 in [0, 255], shape (n, h, w, c), with h and w divisible by 4 and c 1
            or 3.
        labels: True labels, 1 (positive) or 0, shape (n,).
        test_images, test_labels: Held-out images, none of them among the training images, with true labels.
        noisy_labels: Labels as the source gives them, where the source has noise of its own.
        subclass_labels: Subclasses as integers, shape (n,), such as the digit within {5; 7}.
        class_names: Names (negative, positive), indexed by the label.
        files: Path of each training image relative to the folder of the source, in the order of `images`.
        remarks: Lines of the source about its images and labels.

    Raises:
        InputError: For images or labels that are not accepted, arrays that do not fit each other, neither true nor
            noisy labels, or test images among the training images.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    noisy_labels: np.ndarray | None = None
    subclass_labels: np.ndarray | None = None
    class_names: tuple[str, str] = ("negative", "positive")
    files: tuple[str, ...] | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._set("images", check_training_images(self.images))
        check_task_shape(self.image_shape)
        n = len(self.images)
        if self.labels is None and self.noisy_labels is None:
            raise InputError("Expected labels or noisy_labels in a task, got neither")
        for name in ("labels", "noisy_labels"):
            if getattr(self, name) is not None:
                self._set(name, check_labels(getattr(self, name), length=n, name=name))
        if self.subclass_labels is not None:
            self._set("subclass_labels", _check_subclasses(self.subclass_labels, n))
        self._set("class_names", _check_class_names(self.class_names))
        if self.files is not None:
            self._set("files", _check_files(self.files, n))
        if (self.test_images is None) != (self.test_labels is None):
            given = "test_labels" if self.test_images is None else "test_images"
            raise InputError(f"Expected both test_images and test_labels or neither in a task, got {given} alone")
        if self.test_images is not None:
            self._set_test()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _set_test(self) -> None:
        images = check_training_images(self.test_images, shape=self.image_shape, name="test_images")
        labels = check_labels(self.test_labels, length=len(images), minimum_per_class=1, name="test_labels")
        if shared := count_shared(self.images, images):
            raise InputError(f"Expected no test image among the training images, got {shared}")
        self._set("test_images", images)
        self._set("test_labels", labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.images.shape[1:]

    def with_noisy_labels(self, noisy_labels: np.ndarray) -> ImageTask:
        """Returns the same task with these noisy labels."""
        return dataclasses.replace(self, noisy_labels=noisy_labels)

    def reduced(self, size: int | None) -> ImageTask:
        """Returns the task of the first size / k training images of each of the k subclasses (paper, section 3.1).

        The order of the images is kept. Where subclasses are not known, the classes are the subclasses.

        Raises:
            InputError: If `size` does not divide by k, or a subclass has too few images.
        """
        if size is None:
            return self
        groups = self.subclass_labels
        if groups is None:
            groups = self.labels if self.labels is not None else self.noisy_labels
        names = np.unique(groups)
        check_integer("size", size)
        if size < 1 or size % len(names):
            raise InputError(f"Expected size to be a multiple of {len(names)}, the number of subclasses, got {size}")
        share = size // len(names)
        members = [np.flatnonzero(groups == name) for name in names]
        smallest = min(map(len, members))
        if smallest < share:
            raise InputError(
                f"Expected size to be at most {smallest * len(names)}, as a subclass has {smallest} images, got {size}"
            )
        kept = np.sort(np.concatenate([indices[:share] for indices in members]))
        per_image = ("images", "labels", "noisy_labels", "subclass_labels")
        parts = {name: getattr(self, name)[kept] for name in per_image if getattr(self, name) is not None}
        if self.files is not None:
            parts["files"] = tuple(self.files[index] for index in kept)
        return dataclasses.replace(self, **parts)


def check_channels(shape: tuple[int, int, int]) -> None:
    """InputError unless images of shape (h, w, c) have 1 or 3 channels, as picture files have."""
    height, _, channels = shape
    if channels not in CHANNELS:
        remedy = {2: ": images[..., :1] keeps gray without alpha", 4: ": images[..., :3] keeps colours without alpha"}
        other = ": np.moveaxis(images, 1, -1) puts channels last" if height in CHANNELS else ""
        raise InputError(f"Expected images of 1 or 3 channels, got {channels}{remedy.get(channels, other)}")


def check_task_shape(shape: tuple[int, int, int]) -> None:
    """InputError unless the networks of both stages can take and draw images of this shape."""
    check_channels(shape)
    height, width, _ = shape
    if min(height, width) < 1 or height % SIDE_DIVISOR or width % SIDE_DIVISOR:
        up, across = -height % SIDE_DIVISOR, -width % SIDE_DIVISOR
        pad = f"np.pad(images, [(0, 0), (0, {up}), (0, {across}), (0, 0)])"
        crop = f"images[:, :{height - height % SIDE_DIVISOR}, :{width - width % SIDE_DIVISOR}]"
        remedy = f": {pad} or {crop}" if min(height, width) >= SIDE_DIVISOR else ""
        raise InputError(f"Expected images with sides divisible by {SIDE_DIVISOR}, got {height}x{width}{remedy}")


def _check_subclasses(subclass_labels: Any, n: int) -> np.ndarray:
    array = as_array(subclass_labels, "subclass_labels", "one integer per image")
    if array.shape != (n,):
        raise InputError(f"Expected subclass_labels of shape ({n},), got {array.shape}")
    if array.dtype.kind not in "biuf" or not np.array_equal(array, np.rint(array)):
        raise InputError(f"Expected subclass_labels to be integers, got dtype {array.dtype}, or fractions or NaN")
    return np.ascontiguousarray(array, np.int64)


def _check_files(files: Any, n: int) -> tuple[str, ...]:
    array = as_array(files, "files", "one path per image")
    if array.shape != (n,) or not all(isinstance(file, str) for file in array.tolist()):
        raise InputError(f"Expected files as {n} paths, one per image, got shape {array.shape} of dtype {array.dtype}")
    return tuple(map(str, array))


def _check_class_names(names: Any) -> tuple[str, str]:
    """Both names; InputError unless they differ and can be shown."""
    wanted = "Expected class_names to be two different names, (negative, positive)"
    if not isinstance(names, tuple | list | np.ndarray) or len(names) != 2:
        raise InputError(f"{wanted}, got {names!r}")
    for name in names:
        if not isinstance(name, str) or not name.strip() or {*map(unicodedata.category, name)} & UNPRINTABLE:
            raise InputError(f"{wanted} without control characters, got {name!r}")
    if len({unicodedata.normalize("NFC", name).strip() for name in names}) < 2:
        raise InputError(f"{wanted}, got {names!r}, which look the same")
    return tuple(map(str, names))
