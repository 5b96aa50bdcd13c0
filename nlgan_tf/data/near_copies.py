"""Near copies: images that lie nearer to a known image than known images lie to each other."""

from __future__ import annotations

import math

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
    image is divided by the distance of that one to its own nearest other known image. A near copy has a smaller ratio
    than all but a share of the known images have, each measured as if it were new. An image that is known in two nearly
    equal versions is hardly found: its own distance is tiny.

    The time grows with the square of the number of known images: seconds for 5,000, minutes for 50,000 photographs.
    """

    def __init__(self, images: ArrayLike, share: float) -> None:
        """Measures known images.

        Args:
            images: Known images, uint8 or floats in [0, 255], shape (n, h, w, c). Repeated ones count once; of fewer
                than three distinct ones nothing is a near copy.
            share: Share of the known images that counts as near copies of others, in [0, 1).

        Raises:
            InputError: For images that are not accepted.
        """
        images = check_images(images)
        distinct = images[np.unique(groups_of_equal_images(images), return_index=True)[1]]
        self.images = _vectors(distinct)
        self.lengths = _squared_lengths(self.images)
        self.limit = 0.0
        if len(distinct) < LEAST_IMAGES:
            return
        # The nearest known image of a known image is itself.
        (_, first, second), (_, place, _) = self._nearest(distinct, 3)
        self.own = first
        # The own distance of its nearest image, as if this image were not known.
        mutual = place[place] == np.arange(len(distinct))
        self.limit = float(np.quantile(first / np.where(mutual, second[place], first[place]), share))

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
            candidates = tf.math.top_k(2.0 * products - self.lengths, count).indices
            # By differences: in those of squared lengths, small distances are lost to rounding.
            found = tf.norm(rows[:, None] - tf.gather(self.images, candidates), axis=2)
            order = tf.argsort(found, axis=1, stable=True)
            distances.append(tf.gather(found, order, batch_dims=1))
            places.append(tf.gather(candidates, order, batch_dims=1))
        return np.concatenate(distances).T, np.concatenate(places).T


def _vectors(images: np.ndarray) -> tf.Tensor:
    return tf.reshape(tf.cast(images, tf.float32) / 255.0, (len(images), math.prod(images.shape[1:])))


def _squared_lengths(vectors: tf.Tensor) -> tf.Tensor:
    """Returns the squared length of each vector, shape (n, d) -> (n,), some at a time: they may fill the memory."""
    return tf.concat([tf.reduce_sum(rows**2, axis=1) for rows in row_batches(vectors)], axis=0)
