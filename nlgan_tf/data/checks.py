"""The converters of images and labels, through which every entrance of the package goes, and the checks of batches."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.errors import InputError

# Scaled values so near to whole numbers are whole numbers: 7 / 255 * 255 in float32 is 7.0000005.
WHOLE = 1e-3
SHOWN = 5
# Largest values of floats in [0, 1] that resampling took a little beyond 1, and of training images that look too dark.
OVERSHOT, LOW_RANGE = 1.5, 64
# Images are grey or colours, as picture files are.
CHANNELS = (1, 3)


def check_images(
    images: ArrayLike,
    shape: tuple[int, int, int] | None = None,
    *,
    scale: float | None = None,
    name: str = "images",
    takes_scale: bool = False,
) -> np.ndarray:
    """Returns images as a C-contiguous array, uint8 or float32 in [0, 255], shape (n, h, w, c).

    Integers become uint8, floats float32; contiguous uint8 arrays are returned as they are.

    Args:
        images: Images, integers or floats in [0, 255], shape (n, h, w, c), or (n, h, w) of one channel: an array, a
            tensor, or a list of images of one shape.
        shape: Shape (h, w, c) that each image must have.
        scale: Factor on all values, 255 for images in [0, 1]; whole results become uint8.
        name: Name of the images in errors.
        takes_scale: Whether the caller has an argument `scale`, which errors may then name.

    Raises:
        InputError: For another type, rank, image shape or range, NaN, floats whose largest value is at most 1.5
            unless all are 0, or a scale that is not accepted.
    """
    array = _with_channels(as_array(images, name, "arrays of one shape"), images, shape, name)
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    wanted = f"Expected {name} as integers or floats in [0, 255], got"
    if array.dtype.kind == "b":
        raise InputError(f"{wanted} bool: {name}.astype('uint8') * 255")
    if array.dtype.kind not in "uif":
        remedy = f": {name}.real leaves out imaginary parts" if array.dtype.kind == "c" else ""
        raise InputError(f"{wanted} {_kind_of(images, array)}{remedy}")
    _check_not_nan(array, name)
    if scale is not None:
        return _scaled(array, scale, name)
    if array.dtype != np.uint8:
        _check_range(array, name, takes_scale)
    return np.ascontiguousarray(array, np.uint8 if array.dtype.kind in "ui" else np.float32)


def check_training_images(
    images: ArrayLike,
    shape: tuple[int, int, int] | None = None,
    *,
    scale: float | None = None,
    name: str = "images",
    takes_scale: bool = False,
) -> np.ndarray:
    """Returns images as `check_images` does, and refuses integers 0 and 1, which are nearly black to the networks.

    A single image to predict may be nearly black; a set of images to learn or to test from cannot be. Images whose
    largest value is at most 64 give a warning, unless `scale` is given.

    Raises:
        InputError: As `check_images`, and for integers whose largest value is 1.
    """
    images = check_images(images, shape, scale=scale, name=name, takes_scale=takes_scale)
    high = images.max() if images.size else 0
    if high == 1:
        raise InputError(_small(1, name, takes_scale))
    if 0 < high <= LOW_RANGE and scale is None:
        factor = math.floor(2550 / high) / 10
        # At this place, so that Python shows the line once however many functions check the images.
        warnings.warn(
            f"Images in [0, 255] are expected; the largest value is {high:g}: {name} * {factor:g}, or "
            f"scale={factor:g} where a function takes it, would use the whole range",
            stacklevel=1,
        )
    return images


def check_labels(
    labels: ArrayLike, length: int | None = None, minimum_per_class: int = 2, *, name: str = "labels"
) -> np.ndarray:
    """Returns labels as an int64 vector of 0 (negative) and 1 (positive).

    Args:
        labels: Labels, 0 or 1 as integers, bools or floats, shape (n,) or (n, 1).
        length: Number of labels that is expected.
        minimum_per_class: Smallest number of positives, and of negatives.
        name: Name of the labels in errors.

    Raises:
        InputError: For missing labels, labels other than 0 and 1, another length, or too few of a class.
    """
    array = as_array(labels, name, "one label per image")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or (length is not None and len(array) != length):
        wanted = "one dimension" if length is None else f"shape ({length},), one label per image"
        got = f"shape {array.shape}" if array.ndim else _kind_of(labels, array)
        remedy = f": {name}.argmax(axis=1) of one-hot labels" if array.ndim == 2 and array.shape[1] == 2 else ""
        raise InputError(f"Expected {name} of {wanted}, got {got}{remedy}")
    _check_zeros_and_ones(array, name)
    array = np.ascontiguousarray(array, np.int64)
    positives = int(array.sum())
    if min(positives, len(array) - positives) < minimum_per_class:
        raise InputError(
            f"Expected at least {minimum_per_class} positives and {minimum_per_class} negatives in {name}, "
            f"got {positives} and {len(array) - positives}"
        )
    return array


def check_soft_labels(labels: ArrayLike, length: int, *, name: str = "labels") -> np.ndarray:
    """Returns labels as a float32 vector of probabilities of the positive class.

    Args:
        labels: Probabilities in [0, 1], shape (n,).
        length: Number of labels that is expected.
        name: Name of the labels in errors.

    Raises:
        InputError: For values that are no numbers in [0, 1], or another shape.
    """
    array = as_array(labels, name, "one label per image")
    if array.shape != (length,):
        raise InputError(f"Expected {name} of shape ({length},), one label per image, got shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise InputError(f"Expected {name} as probabilities in [0, 1], got {_kind_of(labels, array)}")
    if not np.all((array >= 0) & (array <= 1)):
        raise InputError(
            f"Expected {name} as probabilities in [0, 1], got values from {array.min():g} to {array.max():g}"
        )
    return np.ascontiguousarray(array, np.float32)


def check_batches(batch_size: int, samples_per_epoch: int) -> None:
    """InputError unless a batch can be halved between the classes and an epoch has at least one batch."""
    check_integer("batch_size", batch_size)
    check_integer("samples_per_epoch", samples_per_epoch)
    if batch_size < 2 or batch_size % 2:
        raise InputError(f"Expected batch_size to be even and at least 2, got {batch_size}")
    if samples_per_epoch < batch_size:
        raise InputError(f"Expected samples_per_epoch to be at least batch_size={batch_size}, got {samples_per_epoch}")


def check_integer(name: str, value: Any, least: int | None = None) -> None:
    """InputError unless the value is an integer, and not below `least`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise InputError(f"Expected {name} to be an integer, got {value!r}")
    if least is not None and value < least:
        raise InputError(f"Expected {name} to be at least {least}, got {value}")


def check_seed(seed: Any) -> int:
    """Returns a seed; InputError unless it is an integer of at least 0."""
    check_integer("seed", seed, least=0)
    return seed


def as_array(values: ArrayLike, name: str, wanted: str) -> np.ndarray:
    """Returns the values as an array of numpy, whatever its dtype.

    Raises:
        InputError: For masked values, sparse arrays, and lists of unequal shapes; `wanted` says what was expected.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(f"Expected {name} without missing values, got {np.ma.count_masked(values)} masked ones")
    if hasattr(values, "toarray"):
        raise InputError(f"Expected {name} as a dense array, got {type(values).__name__}: {name}.toarray()")
    try:
        if isinstance(values, list | tuple):
            # Image by image: numpy would read a list of tensors value by value.
            values = [np.asarray(value) if hasattr(value, "__array__") else value for value in values]
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        shapes = sorted({value.shape for value in values if hasattr(value, "shape")}) if type(values) is list else []
        got = f"shapes {', '.join(map(str, shapes[:SHOWN]))}" if len(shapes) > 1 else type(values).__name__
        raise InputError(f"Expected {name} as {wanted}, got {got}") from error


def _with_channels(array: np.ndarray, images: ArrayLike, shape: tuple[int, int, int] | None, name: str) -> np.ndarray:
    """Images with a channel axis; InputError for another rank or shape."""
    # One image of one or three channels, or with the shape asked for, has three axes too.
    is_single = array.ndim == 3 and (array.shape[-1] in CHANNELS or array.shape == tuple(shape or ()))
    if array.ndim == 3 and not is_single:
        array = array[..., np.newaxis]
    if array.ndim == 4 and (shape is None or array.shape[1:] == tuple(shape)):
        return array
    wanted = (
        "(n, height, width, channels) or (n, height, width)" if shape is None else f"(n, {', '.join(map(str, shape))})"
    )
    remedy = f": {name}[np.newaxis] is a batch of one image" if is_single else ""
    if shape is not None and array.shape[1:] == (shape[2], *shape[:2]):
        remedy = f": np.moveaxis({name}, 1, -1) puts channels last"
    raise InputError(f"Expected {name} of shape {wanted}, got {_kind_of(images, array)}{remedy}")


def _check_not_nan(array: np.ndarray, name: str) -> None:
    if array.dtype.kind == "f" and (wrong := int(np.isnan(array).any(axis=(1, 2, 3)).sum())):
        remedy = f"leave them out, or np.nan_to_num({name})"
        raise InputError(f"Expected {name} without NaN, got NaN in {wrong} of {len(array)} images: {remedy}")


def _check_range(array: np.ndarray, name: str, takes_scale: bool) -> None:
    """InputError unless all values lie in [0, 255], and those of floats not in [0, 1]."""
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    if not (low >= 0 and high <= 255):
        remedy = ""
        if low >= -1 and high <= 1:
            remedy = f": ({name} + 1) * 127.5 maps images from [-1, 1]"
        elif 4095 <= high <= 65535 and low >= 0 and array.dtype.kind in "ui":
            remedy = f": {name} // 257 maps images of 16 bits"
        raise InputError(f"Expected {name} in [0, 255], got values from {low:g} to {high:g}{remedy}")
    if array.dtype.kind == "f" and 0 < high <= OVERSHOT:
        raise InputError(_small(high, name, takes_scale))


def _small(high: float, name: str, takes_scale: bool) -> str:
    remedy = f"multiply the {name} by 255"
    if high > 1:
        remedy = f"np.clip({name}, 0, 1) * 255 maps images from [0, 1]"
    elif takes_scale:
        remedy += ", or give scale=255"
    return f"Expected {name} in [0, 255], got a largest value of {high:g}: {remedy}"


def _scaled(array: np.ndarray, scale: float, name: str) -> np.ndarray:
    """Images times `scale`, in [0, 255]: uint8 where all are whole numbers but for rounding, else float32."""
    if not isinstance(scale, numbers.Real) or isinstance(scale, bool) or not 0 < scale < math.inf:
        raise InputError(f"Expected scale to be a finite number above 0, got {scale!r}")
    low, high = (float(array.min()) * scale, float(array.max()) * scale) if array.size else (0.0, 0.0)
    if not (low >= 0 and high <= 255 + WHOLE):
        raise InputError(f"Expected {name} times scale={scale:g} in [0, 255], got values from {low:g} to {high:g}")
    floats = np.clip(np.ascontiguousarray(array, np.float32) * np.float32(scale), 0, 255)
    whole = np.rint(floats)
    if np.all(np.abs(floats - whole) < WHOLE):
        return whole.astype(np.uint8)
    _check_range(floats, name, takes_scale=True)
    return floats


def _check_zeros_and_ones(array: np.ndarray, name: str) -> None:
    """InputError unless all values are numbers equal to 0 or 1."""
    values = np.unique(array).tolist() if array.dtype.kind in "biuf" else array.tolist()
    if any(map(_is_missing, values)):
        raise InputError(
            f"Expected {name} 0 (negative) and 1 (positive), got missing labels (None or NaN): leave out their images"
        )
    distinct = list({repr(value): value for value in values}.values())
    wrong = [value for value in distinct if not isinstance(value, numbers.Real | np.bool_) or value not in (0, 1)]
    if wrong:
        shown = ", ".join(map(repr, wrong[:SHOWN])) + (", ..." if len(wrong) > SHOWN else "")
        raise InputError(f"Expected {name} 0 (negative) and 1 (positive), got {shown}: {_mapping(distinct, name)}")


def _is_missing(value: Any) -> bool:
    # pandas's NA and NaT are known by name, as pandas may be absent; NA refuses to be compared.
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _mapping(distinct: list, name: str) -> str:
    """How to map these values to 0 and 1."""
    if any(isinstance(value, str | bytes) for value in distinct):
        return f"map {name} by np.array({name}) == {distinct[-1]!r}, for example"
    if all(value in (-1, 1) for value in distinct):
        return f"map {name} by ({name} + 1) // 2"
    if all(value in (1, 2) for value in distinct):
        return f"map {name} by {name} - 1"
    if any(isinstance(value, float) and not value.is_integer() for value in distinct):
        return f"map {name} by {name} > 0.5"
    return f"map {name} by np.isin({name}, POSITIVES), with the positive classes as POSITIVES"


def _kind_of(values: Any, array: np.ndarray) -> str:
    """What was given, in words: its type where that is no array of numbers, and its shape."""
    if array.dtype.kind in "uifb" and isinstance(values, np.ndarray | list | tuple):
        return f"shape {array.shape}"
    kind = f"{type(values).__name__} of dtype {array.dtype}" if array.dtype.kind in "OUSVc" else type(values).__name__
    return f"{kind} of shape {array.shape}" if array.ndim else type(values).__name__
