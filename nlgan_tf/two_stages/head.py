"""Frozen features in stage two, and a linear classifier of them, trained on originals with their posterior."""

from __future__ import annotations

import os

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import DRAWN, StageTwoConfig
from nlgan_tf.data.checks import check_soft_labels
from nlgan_tf.errors import InputError
from nlgan_tf.models import load_extractor
from nlgan_tf.networks.extractor import FrozenFeatures, build_head

# Inverse weight of the ridge penalty, for vectors of length 1.
C = 0.3


def frozen_features(
    given: keras.Model | str | os.PathLike | None, config: StageTwoConfig, image_shape: tuple[int, int, int]
) -> FrozenFeatures | None:
    """Returns the frozen features of images of shape (h, w, c), or None where none are given.

    Args:
        given: Model, file or name, as `load_extractor` takes them.
        config: Configuration of stage two, which must have a use for features, and have those that it needs.
        image_shape: Shape (h, w, c).

    Raises:
        FileNotFoundError: If the file does not exist.
        InputError: For features that no stage uses, that are missing, or that are not accepted.
    """
    if given is None:
        if config.needs_features:
            raise InputError("Expected features for a network or witness of features, a file or a name; got none")
        return None
    if config.learns_from == DRAWN:
        raise InputError("Expected learns_from to be originals, both or auto with features, got drawn")
    if isinstance(given, keras.Model):
        return FrozenFeatures(given, image_shape)
    return FrozenFeatures(load_extractor(given), image_shape, os.fspath(given))


def describe_features(features: FrozenFeatures | None) -> str | None:
    """One line about frozen features; None where there are none."""
    if features is None:
        return None
    return f"Frozen features of {features.name}: {features.size} numbers an image"


def train_head(features: FrozenFeatures, images: np.ndarray, posterior: np.ndarray) -> keras.Model:
    """Trains a logistic regression on frozen features; both classes weigh equally.

    Args:
        features: Frozen features.
        images: Images, uint8 or floats in [0, 255], shape (n, h, w, c).
        posterior: P(positive) of each image, in [0, 1], shape (n,).

    Returns:
        A classifier of Keras's own layers around the extractor: float32 images in [-1, 1] -> logits (n, 1), positive
        above 0.

    Raises:
        InputError: For images or probabilities that are not accepted.
    """
    weights, bias = fit_head(features(images), posterior)
    return build_head(features.trunk, weights, bias)


def fit_head(vectors: np.ndarray, posterior: np.ndarray) -> tuple[np.ndarray, float]:
    """Returns weights, shape (d,), and bias of a logistic regression on vectors scaled to length 1.

    Each vector counts as a positive of weight q / sum q and as a negative of weight (1 - q) / sum (1 - q), times n / 2.

    Args:
        vectors: Vectors, shape (n, d).
        posterior: q, P(positive) of each vector, in [0, 1], shape (n,).
    """
    q = check_soft_labels(posterior, len(vectors), name="posterior").astype(np.float64)
    unit = normalize(vectors.astype(np.float64))
    shares = [weight / max(weight.sum(), np.finfo(float).tiny) for weight in (q, 1 - q)]
    model = LogisticRegression(C=C, max_iter=1000)
    model.fit(np.tile(unit, (2, 1)), np.repeat([1, 0], len(q)), np.concatenate(shares) * len(q) / 2)
    return model.coef_[0], float(model.intercept_[0])
