import numpy as np

from nlgan_tf.data.duplicates import count_shared, groups_of_equal_images


def test_identical_images_share_a_number_in_the_order_of_first_appearance(images):
    repeated = images[[5, 2, 5, 9, 2, 5]]
    groups = groups_of_equal_images(repeated)
    assert groups.tolist() == [0, 1, 0, 2, 1, 0]
    assert groups.dtype == np.int64
    assert groups_of_equal_images(images).tolist() == list(range(40))
    assert groups_of_equal_images(images[:0]).tolist() == []


def test_images_are_compared_by_value_and_not_by_type(images):
    floats = images.astype(np.float32)
    floats[3] *= np.float32(1 - 1e-7)  # As images / 255 * 255 come out in float32.
    assert (floats[3] != images[3]).any()
    assert groups_of_equal_images(np.concatenate([floats, images])).tolist() == [*range(40)] * 2
    assert count_shared(images, floats) == count_shared(floats, images) == 40


def test_fractions_of_a_gray_level_are_told_apart(images):
    halves = images // 2 + np.float32(0.5)
    assert groups_of_equal_images(np.concatenate([halves, halves + np.float32(0.25)])).tolist() == list(range(80))
    assert count_shared(images, halves) == 0


def test_shared_images_are_counted_with_their_repetitions(images):
    assert count_shared(images[:10], images[[9, 9, 10, 11]]) == 2
    assert count_shared(images[:10], images[:0]) == 0
