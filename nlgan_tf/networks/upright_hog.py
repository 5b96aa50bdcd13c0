"""Features of handwriting: histograms of oriented gradients (HOG) of grey images, sheared upright first."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_images
from nlgan_tf.data.pixels import map_rows, to_network_range
from nlgan_tf.errors import InputError

CELLS, DIRECTIONS = 4, 9
# Four cells of 4 pixels.
LEAST_DIGIT_SIDE = 16
# Of HOG's norm, which clips large values and is taken twice.
CLIP, EPSILON = 0.2, 1e-5


def digit_features(images: np.ndarray) -> np.ndarray:
    """Returns HOG of grey images that `upright` has straightened, in 4 cells a side: 324 features, of any size.

    Args:
        images: Grey images, uint8 or floats in [0, 255], shape (n, h, w, 1), at least one of them.

    Returns:
        float32, shape (n, number of features).

    Raises:
        InputError: For other images, and for images below 16 x 16 pixels.
    """
    images = check_images(images)
    if images.shape[-1] != 1 or min(images.shape[1:3]) < LEAST_DIGIT_SIDE:
        least = f"{LEAST_DIGIT_SIDE} x {LEAST_DIGIT_SIDE}"
        raise InputError(f"Expected grey images of at least {least} for their groups, got shape {images.shape}")
    return map_rows(lambda rows: hog(upright(to_network_range(rows))), images)


@keras.saving.register_keras_serializable(package="nlgan_tf")
class UprightHOG(keras.layers.Layer):
    """`digit_features` as a layer: images in [-1, 1], shape (n, h, w, 1) -> float32, shape (n, 324)."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})

    def call(self, images: tf.Tensor) -> tf.Tensor:
        return hog(upright(images))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape[0], (CELLS - 1) ** 2 * 4 * DIRECTIONS


def upright(images: tf.Tensor) -> tf.Tensor:
    """Returns grey images of something slanted, on a plain ground, sheared upright and moved to the middle.

    Slant and place, which differ from writer to writer, are the first moments of the ink: what differs from the median
    of the image's border.

    Args:
        images: Grey images in [-1, 1], light on dark or dark on light, shape (n, h, w, 1).

    Returns:
        The ink, float32 in [0, 1], shape (n, h, w).
    """
    grey = images[..., 0]
    rows, columns = (tf.range(side, dtype=tf.float32) for side in grey.shape[1:])
    ink = tf.abs(grey - _median_of_border(grey)[:, tf.newaxis, tf.newaxis]) / 2
    mass = tf.maximum(tf.reduce_sum(ink, (1, 2)), 1e-6)
    of_rows, of_columns = tf.reduce_sum(ink, 2), tf.reduce_sum(ink, 1)
    row, column = (
        (tf.reduce_sum(weights * places, 1) / mass)[:, tf.newaxis]
        for weights, places in ((of_rows, rows), (of_columns, columns))
    )
    below, right = rows - row, columns - column
    spread = tf.reduce_sum(of_rows * below**2, 1) / mass
    slant = tf.einsum("nhw,nh,nw->n", ink, below, right) / mass / tf.maximum(spread, 1e-6)
    # Where each pixel of the result lies in the image.
    middle_row, middle_column = (grey.shape[1] - 1) / 2, (grey.shape[2] - 1) / 2
    its_row = rows + row - middle_row
    shear = slant[:, tf.newaxis] * (rows - middle_row) + column - middle_column
    its_column = columns + shear[:, :, tf.newaxis]
    moved = tf.matmul(_bilinear(its_row, rows), ink)
    return tf.squeeze(tf.matmul(_bilinear(its_column, columns), moved[..., tf.newaxis]), -1)


def _median_of_border(grey: tf.Tensor) -> tf.Tensor:
    """The median of the outermost pixels of each image, shape (n,)."""
    border = tf.sort(tf.concat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], 1))
    middle = border.shape[1] // 2
    return tf.reduce_mean(border[:, middle - 1 : middle + 1], 1)


def _bilinear(places: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """Weights of pixels at places between them, shape (..., places, pixels); what lies outside of the image is 0."""
    return tf.nn.relu(1 - tf.abs(places[..., tf.newaxis] - pixels))


def hog(grey: tf.Tensor) -> tf.Tensor:
    """Returns histograms of oriented gradients (Dalal and Triggs 2005) in 4 x 4 cells, as scikit-image computes them.

    Args:
        grey: Images, float32, shape (n, h, w), at least 16 pixels a side.

    Returns:
        float32, shape (n, 324): 3 x 3 blocks of 2 x 2 cells of 9 directions.
    """
    down = tf.pad(grey[:, 2:] - grey[:, :-2], [[0, 0], [1, 1], [0, 0]])
    right = tf.pad(grey[:, :, 2:] - grey[:, :, :-2], [[0, 0], [0, 0], [1, 1]])
    # A gradient and its opposite have one direction, in [0, pi): the number of limits between directions below it.
    turned = tf.where((down < 0) | ((down == 0) & (right < 0)), -1.0, 1.0)
    limits = math.pi / DIRECTIONS * tf.range(1, DIRECTIONS, dtype=tf.float32)
    passed = tf.cos(limits) * (turned * down)[..., tf.newaxis] >= tf.sin(limits) * (turned * right)[..., tf.newaxis]
    direction = tf.reduce_sum(tf.cast(passed, tf.int32), -1)
    lengths = tf.sqrt(down**2 + right**2)[..., tf.newaxis] * tf.one_hot(direction, DIRECTIONS)
    cell = [side // CELLS for side in grey.shape[1:]]
    cells = tf.nn.avg_pool2d(lengths[:, : CELLS * cell[0], : CELLS * cell[1]], cell, cell, "VALID")
    corners = [cells[:, i : i + CELLS - 1, j : j + CELLS - 1] for i in (0, 1) for j in (0, 1)]
    blocks = _normalised(tf.minimum(_normalised(tf.concat(corners, -1)), CLIP))
    return tf.reshape(blocks, (-1, (CELLS - 1) ** 2 * len(corners) * DIRECTIONS))


def _normalised(blocks: tf.Tensor) -> tf.Tensor:
    return blocks * tf.math.rsqrt(tf.reduce_sum(blocks**2, -1, keepdims=True) + EPSILON**2)
