import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.data.pixels import ROWS_A_CALL, map_rows, row_batches, row_function, to_network_range, to_public_range


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_0_and_255_become_minus_1_and_1(dtype):
    mapped = to_network_range(tf.constant(np.array([0, 51, 255], dtype)))
    assert mapped.dtype == tf.float32
    np.testing.assert_allclose(mapped, [-1, -0.6, 1], rtol=1e-6)


def test_every_gray_level_comes_back():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_public_range(to_network_range(levels)), levels)


def test_public_images_are_rounded_and_clipped():
    drawn = to_public_range(tf.constant([-1.5, -0.999, 0.0, 0.001, 0.999, 1.5]))
    assert drawn.dtype == tf.uint8
    assert drawn.numpy().tolist() == [0, 0, 128, 128, 255, 255]


@pytest.mark.parametrize("n", [1, ROWS_A_CALL, ROWS_A_CALL + 1, 3 * ROWS_A_CALL - 1])
def test_rows_are_mapped_in_their_order_whatever_their_number(n):
    rows = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    sizes = []

    def total(batch: tf.Tensor) -> tf.Tensor:
        sizes.append(batch.shape[0])
        return tf.reduce_sum(batch, axis=1)

    np.testing.assert_array_equal(map_rows(total, rows), rows.sum(axis=1))
    assert sizes == [None]  # Traced once, for any number of rows.


def test_a_function_of_rows_is_traced_once_and_reads_its_variables_at_each_call():
    factor, traces = tf.Variable(2.0), []

    def scaled(batch: tf.Tensor) -> tf.Tensor:
        traces.append(batch.shape)
        return factor * batch

    rows = np.arange(3, dtype=np.float32)[:, np.newaxis]
    function = row_function(scaled, rows)
    np.testing.assert_array_equal(function(rows), 2 * rows)
    factor.assign(3.0)
    np.testing.assert_array_equal(function(rows[:2]), 3 * rows[:2])
    assert len(traces) == 1


def test_batches_cover_all_rows_and_no_rows_are_one_empty_batch():
    rows = np.arange(ROWS_A_CALL + 3)
    assert [len(batch) for batch in row_batches(rows)] == [ROWS_A_CALL, 3]
    np.testing.assert_array_equal(np.concatenate(list(row_batches(rows))), rows)
    assert [len(batch) for batch in row_batches(rows[:0])] == [0]
    assert map_rows(lambda batch: batch, np.zeros((0, 2), np.float32)).shape == (0, 2)
