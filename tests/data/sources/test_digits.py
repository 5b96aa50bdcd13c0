import numpy as np

import nlgan_tf as nl


def rows_of(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def test_the_bundled_digits():
    task = nl.load_task("digits:5,7-vs-2,4")
    assert task.image_shape == (16, 16, 1)
    assert task.images.dtype == np.uint8
    assert (len(task.images), len(task.test_images)) == (503, 216)
    assert task.images.max() == 255
    np.testing.assert_array_equal(task.labels, np.isin(task.subclass_labels, [5, 7]))
    assert task.class_names == ("2,4", "5,7")
    assert not rows_of(task.images) & rows_of(task.test_images)


def test_digits_are_doubled_not_redrawn():
    from sklearn.datasets import load_digits

    digits = load_digits()
    first = np.flatnonzero(digits.target == 3)[0]
    image = nl.load_task("digits:3-vs-8").images[0, ..., 0]
    small = image.reshape(8, 2, 8, 2).mean(axis=(1, 3)) * 16 / 255
    assert np.corrcoef(small.ravel(), digits.images[first].ravel())[0, 1] > 0.97


def test_size_keeps_the_first_of_each_digit():
    task, whole = nl.load_task("digits:5,7-vs-2,4", size=40), nl.load_task("digits:5,7-vs-2,4")
    assert np.unique(task.subclass_labels, return_counts=True)[1].tolist() == [10] * 4
    np.testing.assert_array_equal(task.images[task.labels == 1][:3], whole.images[whole.labels == 1][:3])
    assert len(task.test_images) == len(whole.test_images)
