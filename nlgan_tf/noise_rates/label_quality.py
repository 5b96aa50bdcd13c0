"""The quality of each given label: the posterior probability that the label is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from nlgan_tf.data.checks import check_labels
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.channel import check_scores

if TYPE_CHECKING:
    import pandas as pd

# Below it, the other label is the likelier one.
LEAST_QUALITY = 0.5
SCORES = np.dtype(
    [("index", np.int64), ("given_label", np.int64), ("suggested_label", np.int64), ("quality", np.float32)]
)


def label_quality(posterior: ArrayLike, given_labels: ArrayLike) -> np.ndarray:
    """Returns P(the given label is right), float32 in [0, 1], shape (n,).

    Args:
        posterior: P(truly positive), the given label included (`posterior.label_posterior`), in [0, 1], shape (n,).
        given_labels: Labels, 0 or 1, shape (n,).

    Raises:
        InputError: For values outside [0, 1], or labels of another length.
    """
    q = check_scores(posterior, "posterior")
    if len(q) and not (q.min() >= 0 and q.max() <= 1):
        raise InputError(f"Expected posterior in [0, 1], got values from {q.min():g} to {q.max():g}")
    given = check_labels(given_labels, len(q), minimum_per_class=0, name="given_labels")
    return np.where(given == 1, q, 1 - q).astype(np.float32)


def suggested_labels(quality: ArrayLike, given_labels: ArrayLike) -> np.ndarray:
    """Returns the likelier label of each image: the given one, or the other one where the quality is below 1/2.

    Args:
        quality: P(the given label is right), shape (n,).
        given_labels: Labels, 0 or 1, shape (n,).

    Returns:
        int64, shape (n,).
    """
    given = np.asarray(given_labels, np.int64)
    return np.where(np.asarray(quality) < LEAST_QUALITY, 1 - given, given)


def score_table(quality: np.ndarray, given_labels: np.ndarray) -> np.ndarray:
    """Returns a row for each image, the worst label first, images of equal quality in their order.

    Args:
        quality: P(the given label is right), shape (n,).
        given_labels: Labels, 0 or 1, shape (n,).

    Returns:
        Structured array with the fields of `SCORES`, shape (n,).
    """
    table = np.empty(len(quality), SCORES)
    table["index"], table["given_label"], table["quality"] = np.arange(len(quality)), given_labels, quality
    table["suggested_label"] = suggested_labels(quality, given_labels)
    return table[np.argsort(table["quality"], kind="stable")]


def as_frame(table: np.ndarray) -> pd.DataFrame | np.ndarray:
    """Returns a structured array as a pandas frame where pandas is installed, else as it is."""
    try:
        import pandas as pd
    except ImportError:
        return table
    return pd.DataFrame.from_records(table)
