"""Near copies: images that lie nearer to a known image than known images lie to each other."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_images
from nlgan_tf.data.duplicates import groups_of_equal_images
from nlgan_tf.data.pixels import row_batches

# Distinct images below which nothing can be said of their distances.
LEAST_IMAGES = 3


class NearCopies:
    """Tells near copies of known images by the distance of all pixels.

    Some kinds of images lie closer together than others: sevens than twos. So an image's distance to its nearest known
    image is divided by that one's own distance to its nearest other known image. A near copy has a ratio below that of
    all but a share of the known images themselves, each beside the others.
    """

    def __init__(self, images: ArrayLike, share: float) -> None:
        """Measures known images.

        Args:
            images: Known images, uint8 or floats in [0, 255], shape (n, h, w, c). Repeated ones count once; of fewer
                than three distinct ones nothing is a near copy.
            share: Share of the known images that would be near copies of the others, in [0, 1).

        Raises:
            InputError: For images that are not accepted.
        """
        images = check_images(images)
        distinct = images[np.unique(groups_of_equal_images(images), return_index=True)[1]]
        self.images = _vectors(distinct)
        self.limit = 0.0
        if len(distinct) < LEAST_IMAGES:
            return
        # The nearest known image of a known image is itself.
        (_, first, second), (_, place, _) = self._nearest(distinct, 3)
        self.own = first
        # Its nearest image's own distance, as if this image were not known.
        mutual = place[place] == np.arange(len(distinct))
        without = np.maximum(np.where(mutual, second[place], first[place]), np.finfo(np.float32).tiny)
        self.limit = float(np.quantile(first / without, share))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns which images are near copies, bool, shape (m,), of images of the known ones' shape, (m, h, w, c)."""
        if not self.limit:
            return np.zeros(len(images), bool)
        (distance,), (place,) = self._nearest(images, 1)
        return distance < self.limit * self.own[place]

    def _nearest(self, images: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances to the nearest known images, and their places, the nearest first; shape (count, m) each."""
        distances, places = [], []
        for some in row_batches(images):
            rows = _vectors(some)
            products = tf.matmul(rows, self.images, transpose_b=True)
            squares = _lengths(rows)[:, None] + _lengths(self.images) - 2.0 * products
            found, its_places = tf.math.top_k(-squares, count)
            distances.append(tf.sqrt(tf.maximum(-found, 0.0)))
            places.append(its_places)
        return np.concatenate(distances).T, np.concatenate(places).T


def _vectors(images: np.ndarray) -> tf.Tensor:
    return tf.reshape(tf.cast(images, tf.float32) / 255.0, (len(images), -1))


def _lengths(vectors: tf.Tensor) -> tf.Tensor:
    """Squared lengths, shape (n,), of vectors, shape (n, d)."""
    return tf.reduce_sum(vectors**2, axis=1)
