"""How well scores of labels find the wrong ones, where the true labels are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score

from nlgan_tf.data.checks import check_labels
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.channel import check_scores


@dataclass(frozen=True)
class AveragePrecision:
    """Average precision of finding wrong labels, in [0, 1]; None where a group has none.

    Attributes:
        overall: Among all labels.
        positives: Among the labels given as positive.
        negatives: Among the labels given as negative.
    """

    overall: float | None
    positives: float | None
    negatives: float | None


def average_precision(quality: ArrayLike, noisy_labels: ArrayLike, labels: ArrayLike) -> AveragePrecision:
    """Returns the average precision of finding wrong labels by their quality, the lowest first.

    The mean over the wrong labels of the share of wrong ones among all labels ranked up to there (scikit-learn's
    `average_precision_score`). A ranking at random has the share of wrong labels.

    Args:
        quality: Scores, larger for labels that are likelier right, shape (n,).
        noisy_labels: Given labels, 0 or 1, shape (n,).
        labels: True labels, 0 or 1, shape (n,).

    Raises:
        InputError: For scores that are not finite, labels of another length, or no scores.
    """
    scores = check_scores(quality, "quality")
    if not len(scores):
        raise InputError("Expected quality of at least 1 label, got 0")
    given = check_labels(noisy_labels, len(scores), minimum_per_class=0, name="noisy_labels")
    wrong = given != check_labels(labels, len(scores), minimum_per_class=0)

    def within(group: np.ndarray) -> float | None:
        return float(average_precision_score(wrong[group], -scores[group])) if wrong[group].any() else None

    return AveragePrecision(within(np.full(len(given), True)), within(given == 1), within(given == 0))
