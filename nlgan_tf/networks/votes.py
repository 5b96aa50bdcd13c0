"""The votes of groups of alike digits as a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.shapes import check_image_shape
from nlgan_tf.networks.upright_hog import UprightHOG


def build_votes(
    image_shape: tuple[int, int, int], centres: Sequence[np.ndarray], votes: Sequence[np.ndarray]
) -> keras.Model:
    """Builds the sum over groupings of the vote of the group whose centre is nearest to an image's features.

    Args:
        image_shape: Shape (h, w, 1).
        centres: Centres of the groups of each grouping, shape (k, d), of the features of `UprightHOG`.
        votes: Summand of each group to the score, shape (k,) for each grouping.

    Returns:
        A functional model, images in [-1, 1] -> scores, float32, shape (n, 1).
    """
    images = keras.Input(check_image_shape(image_shape), name="images")
    groups = max(map(len, centres))
    nearest = NearestCentres(len(centres), groups, name="votes")
    scores = nearest(UprightHOG(name="features")(images))
    # Groupings of fewer groups have their last one several times.
    padded = [np.stack([np.take(its, range(groups), axis=0, mode="clip") for its in of]) for of in (centres, votes)]
    nearest.set_weights(padded)
    return keras.Model(images, scores, name="groups")


@keras.saving.register_keras_serializable(package="nlgan_tf")
class NearestCentres(keras.layers.Layer):
    """Vectors, shape (n, d) -> the sum of the votes of their nearest centres, one a grouping; float32, shape (n, 1).

    Args:
        groupings: Number of groupings.
        groups: Number of groups of each.
    """

    def __init__(self, groupings: int, groups: int, **kwargs) -> None:
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.groupings, self.groups = groupings, groups

    def build(self, input_shape: tuple) -> None:
        shape = self.groupings, self.groups
        self.centres = self.add_weight(name="centres", shape=(*shape, input_shape[-1]), initializer="zeros")
        self.votes = self.add_weight(name="votes", shape=shape, initializer="zeros")
        super().build(input_shape)

    def call(self, vectors: tf.Tensor) -> tf.Tensor:
        centres = tf.convert_to_tensor(self.centres)
        # The nearest one: of |x - c|^2 all but |x|^2, which does not depend on c, halved and negated.
        near = tf.einsum("nd,gkd->ngk", vectors, centres) - tf.reduce_sum(centres**2, -1) / 2
        nearest = tf.one_hot(tf.argmax(near, -1), self.groups)
        return tf.reduce_sum(nearest * self.votes, (1, 2))[:, tf.newaxis]

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape[0], 1

    def get_config(self) -> dict:
        return {**super().get_config(), "groupings": self.groupings, "groups": self.groups}
