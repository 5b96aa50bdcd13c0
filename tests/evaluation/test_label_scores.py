import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.evaluation.label_scores import AveragePrecision, average_precision

TRUE = [1, 0, 1, 0, 1, 0]
GIVEN = [1, 1, 1, 0, 0, 0]


def test_by_hand():
    # Ranked: wrong, right, right, wrong, right, right; of the positives 1, 3, 2 and of the negatives 2, 1, 3.
    found = average_precision([0.5, 0.1, 0.2, 0.3, 0.4, 0.9], GIVEN, TRUE)
    assert found.overall == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert found.positives == pytest.approx(1.0)
    assert found.negatives == pytest.approx(1 / 2)


def test_the_best_and_the_worst_ranking():
    assert average_precision(1.0 * np.equal(TRUE, GIVEN), GIVEN, TRUE) == AveragePrecision(1.0, 1.0, 1.0)
    worst = average_precision(-1.0 * np.equal(TRUE, GIVEN), GIVEN, TRUE)
    assert worst.overall == pytest.approx(2 / 6)


def test_equal_scores_have_the_share_of_wrong_labels():
    assert average_precision(np.full(6, 0.5), GIVEN, TRUE).overall == pytest.approx(2 / 6)


def test_a_group_without_wrong_labels_has_none():
    assert average_precision([0.1, 0.2], [1, 0], [0, 0]) == AveragePrecision(1.0, 1.0, None)
    assert average_precision([0.1, 0.2], [1, 0], [1, 0]) == AveragePrecision(None, None, None)


@pytest.mark.parametrize("arguments", [([], [], []), ([np.nan, 1.0], [0, 1], [0, 1]), ([0.1], [0, 1], [0, 1])])
def test_arguments_that_are_refused(arguments):
    with pytest.raises(nl.InputError, match="Expected"):
        average_precision(*arguments)
