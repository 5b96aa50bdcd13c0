import sys

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.label_quality import as_frame, label_quality, score_table, suggested_labels

POSTERIOR = [0.9, 0.2, 0.3, 0.5, 1.0, 0.5]
GIVEN = [1, 1, 0, 1, 0, 0]


def test_the_quality_is_the_posterior_of_the_given_label():
    quality = label_quality(POSTERIOR, GIVEN)
    assert quality.dtype == np.float32
    np.testing.assert_allclose(quality, [0.9, 0.2, 0.7, 0.5, 0.0, 0.5], atol=1e-7)


def test_a_label_changes_only_where_the_other_one_is_likelier():
    assert suggested_labels(label_quality(POSTERIOR, GIVEN), GIVEN).tolist() == [1, 0, 0, 1, 1, 0]


def test_the_worst_label_is_first_and_equal_ones_keep_their_order():
    table = score_table(label_quality(POSTERIOR, GIVEN), GIVEN)
    assert table.dtype.names == ("index", "given_label", "suggested_label", "quality")
    assert table["index"].tolist() == [4, 1, 3, 5, 2, 0]
    assert table["given_label"].tolist() == [GIVEN[index] for index in table["index"]]
    assert table["suggested_label"].tolist() == [1, 0, 1, 0, 0, 1]
    assert (np.diff(table["quality"]) >= 0).all()


@pytest.mark.parametrize("posterior", [[0.5, 1.2], [-0.1, 0.5], [0.5, np.nan], [0.5]])
def test_posteriors_that_are_refused(posterior):
    with pytest.raises(nl.InputError, match="Expected"):
        label_quality(posterior, [0, 1])


def test_the_table_is_a_frame_where_pandas_is_installed(monkeypatch):
    table = score_table(label_quality(POSTERIOR, GIVEN), GIVEN)
    frame = as_frame(table)
    assert tuple(frame.columns) == table.dtype.names
    np.testing.assert_array_equal(frame["quality"], table["quality"])
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert as_frame(table) is table
