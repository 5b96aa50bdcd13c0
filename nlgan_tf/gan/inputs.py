"""The entrances of an NLGAN for data: Keras's own methods, behind one check of images and labels."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_images, check_labels, check_training_images
from nlgan_tf.data.noise import ESTIMATE
from nlgan_tf.errors import InputError
from nlgan_tf.gan.batches import check_image_set, check_set, refusals_of_batches
from nlgan_tf.gan.labels import noisy_labels

Labels = np.ndarray | dict[str, np.ndarray]


class CheckedInputs:
    """The part of NLGAN that takes images: as arrays, lists of equal arrays, or `tf.data` sets of batches.

    Images are uint8, or floats in [0, 255], shape (n, h, w, c); labels are 0 or 1, or {"noisy": ..., "clean": ...} of
    such labels. `InputError` for anything else, and, in all but `fit`, before priors are known. A `tf.data` set is
    checked as its batches are read. A set that a strategy has distributed already is taken as it is.
    """

    def fit(self, x=None, y=None, *args, **kwargs) -> keras.callbacks.History:
        """As `keras.Model.fit`, without weights of images or classes.

        A `tf.data` set keeps its own order, without Keras's warning about it. With priors="estimate" and no
        `EstimatePriors` among the callbacks, one with its default settings comes first.
        """
        given = _arguments(super().fit, x, y, *args, **kwargs)
        given["x"], given["y"] = self._images_and_labels(x, y, minimum_per_class=1)
        given["validation_data"] = self._validation(given.get("validation_data"))
        if isinstance(x, tf.data.Dataset):
            given.setdefault("shuffle", False)
        with refusals_of_batches():
            if self.priors == ESTIMATE:
                # Late and by its public name: what estimates is above this module, and imports scikit-learn.
                from nlgan_tf import EstimatePriors

                labels = noisy_labels(given["y"])
                given["callbacks"] = EstimatePriors.placed_first(given.get("callbacks"), given["x"], labels)
            return super().fit(**given)

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """As `keras.Model.evaluate`, see `test_step`; without weights of images."""
        self.known_priors()
        given = _arguments(super().evaluate, x, y, *args, **kwargs)
        given["x"], given["y"] = self._images_and_labels(x, y)
        with refusals_of_batches():
            return super().evaluate(**given)

    def predict(self, x, *args, **kwargs) -> np.ndarray:
        """As `keras.Model.predict`: P(positive), float32, shape (n,); labels in a `tf.data` set are left unread."""
        self.known_priors()
        images = self._images(x)
        with refusals_of_batches():
            return super().predict(images, *args, **kwargs)

    def train_on_batch(self, x, y=None, *args, **kwargs):
        """As `keras.Model.train_on_batch`, without weights of images or classes; either class may be absent."""
        self.known_priors()
        given = _arguments(super().train_on_batch, x, y, *args, **kwargs)
        given["x"], given["y"] = self._images_and_labels(x, y)
        return super().train_on_batch(**given)

    def test_on_batch(self, x, y=None, *args, **kwargs):
        """As `keras.Model.test_on_batch`, without weights of images."""
        self.known_priors()
        given = _arguments(super().test_on_batch, x, y, *args, **kwargs)
        given["x"], given["y"] = self._images_and_labels(x, y)
        return super().test_on_batch(**given)

    def predict_on_batch(self, x) -> np.ndarray:
        """As `keras.Model.predict_on_batch`: P(positive), float32, shape (n,)."""
        self.known_priors()
        return super().predict_on_batch(self._images(x))

    def __call__(self, *args, **kwargs) -> tf.Tensor:
        """As `keras.Model.__call__`: P(positive), float32, shape (n,), of a tensor of images."""
        # Keras adds lines of its own to what `call` raises.
        self.known_priors()
        return super().__call__(*args, **kwargs)

    def _image_shape(self) -> tuple[int, int, int]:
        return self.positive_generator.output_shape[1:]

    def _images(self, x: Any) -> Any:
        if isinstance(x, tf.distribute.DistributedDataset):
            return x
        if isinstance(x, tf.data.Dataset):
            return check_image_set(x, self._image_shape())
        return check_images(x, self._image_shape())

    def _images_and_labels(self, x: Any, y: Any, minimum_per_class: int = 0) -> tuple[Any, Labels | None]:
        if isinstance(x, tf.data.Dataset | tf.distribute.DistributedDataset):
            if y is not None:
                raise InputError("Expected a tf.data set of batches (images, labels), got labels beside the set")
            return check_set(x, self._image_shape()) if isinstance(x, tf.data.Dataset) else x, None
        if not isinstance(x, list | tuple) and not hasattr(x, "__array__"):
            kind = type(x).__name__
            raise InputError(f"Expected images as an array, a list of arrays or a tf.data set, got {kind}")
        images = check_training_images(x, self._image_shape())
        if y is None:
            raise InputError("Expected one label per image, got None")
        return images, _checked_labels(y, len(images), minimum_per_class)

    def _validation(self, data: Any) -> Any:
        if data is None:
            return None
        if not isinstance(data, tuple | list):
            return self._images_and_labels(data, None)[0]
        if len(data) != 2:
            raise InputError(f"Expected validation_data (images, labels), got {len(data)} values")
        return self._images_and_labels(*data)


def _arguments(method: Callable, *args, **kwargs) -> dict[str, Any]:
    """The arguments of a method of Keras by name; InputError for weights, which the losses of the paper lack."""
    given = dict(inspect.signature(method).bind(*args, **kwargs).arguments)
    given.update(given.pop("kwargs", {}))
    for name in ("sample_weight", "class_weight"):
        if given.get(name) is not None:
            kind = type(given[name]).__name__
            raise InputError(f"Expected {name} to be None, got {kind}: all images count alike")
    return given


def _checked_labels(y: Any, length: int, minimum_per_class: int) -> Labels:
    if isinstance(y, dict):
        if "noisy" not in y:
            raise InputError(
                f'Expected labels, or {{"noisy": ..., "clean": ...}}, got the keys {", ".join(map(str, y))}'
            )
        return {name: _checked_labels(labels, length, minimum_per_class) for name, labels in y.items()}
    return check_labels(y, length, minimum_per_class)
