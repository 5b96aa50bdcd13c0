"""Tiny frozen extractors, whose vectors are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlgan_tf.compat.keras import keras

# Columns of the three channels' weights: the vector is (red + 2 green + 3 blue, red - blue), each channel's mean.
WEIGHTS = np.array([[1.0, 1.0], [2.0, 0.0], [3.0, -1.0]], np.float32)


def channel_means(shape=(None, None, 3), weights: np.ndarray = WEIGHTS, name: str = "means") -> keras.Model:
    """An extractor: images (n, h, w, c) -> the channels' means times `weights`, shape (c, d)."""
    x = images = keras.Input(shape, name="pixels")
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    dense = keras.layers.Dense(weights.shape[1], use_bias=False, name="dense")
    model = keras.Model(images, dense(x), name=name)
    dense.set_weights([weights])
    return model


def saved_extractor(folder: Path, **settings) -> Path:
    """The file of `channel_means`."""
    path = folder / "means.keras"
    channel_means(**settings).save(path)
    return path
