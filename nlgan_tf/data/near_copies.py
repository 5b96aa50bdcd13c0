"""Near copies: images that lie nearer to a known image than known images lie to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_images
from nlgan_tf.data.duplicates import groups_of_equal_images

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
        from sklearn.neighbors import NearestNeighbors

        images = check_images(images)
        distinct = images[np.unique(groups_of_equal_images(images), return_index=True)[1]]
        self.limit = 0.0
        if len(distinct) < LEAST_IMAGES:
            return
        self.neighbours = NearestNeighbors(n_neighbors=2).fit(_vectors(distinct))
        # Of each known image, to the two nearest others.
        (self.own, second), (place, _) = (found.T for found in self.neighbours.kneighbors())
        # The own distance of its nearest image, as if this image were not known.
        mutual = place[place] == np.arange(len(distinct))
        self.limit = float(np.quantile(self.own / np.where(mutual, second[place], self.own[place]), share))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns which images are near copies, bool, shape (m,), of images of the known ones' shape, (m, h, w, c)."""
        if not self.limit:
            return np.zeros(len(images), bool)
        distance, place = (found[:, 0] for found in self.neighbours.kneighbors(_vectors(images), n_neighbors=1))
        return distance < self.limit * self.own[place]


def _vectors(images: np.ndarray) -> np.ndarray:
    return np.asarray(images, np.float32).reshape(len(images), -1)
