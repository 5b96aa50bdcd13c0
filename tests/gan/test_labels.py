import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.gan.labels import agreement, by_label, is_positive, noisy_labels


def test_noisy_labels_stand_alone_or_beside_clean_ones():
    labels = tf.constant([1, 0])
    assert noisy_labels(labels) is labels
    assert noisy_labels({"noisy": labels, "clean": tf.constant([0, 0])}) is labels


@pytest.mark.parametrize("labels", [[1, 0, 0], [[1], [0], [0]], [1.0, 0.0, 0.0]], ids=str)
def test_vectors_and_columns_of_any_number_say_what_is_positive(labels):
    np.testing.assert_array_equal(is_positive(tf.constant(labels)), [True, False, False])


def test_values_are_split_by_label():
    positive, negative = by_label(tf.constant([5.0, 6.0, 7.0]), tf.constant([0, 1, 0]))
    assert (positive.numpy().tolist(), negative.numpy().tolist()) == ([6.0], [5.0, 7.0])


def test_agreement_is_1_where_the_prediction_is_the_label():
    np.testing.assert_array_equal(agreement(tf.constant([True, True, False]), tf.constant([1, 0, 0])), [1.0, 0.0, 1.0])
