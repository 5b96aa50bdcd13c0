import numpy as np
import pytest

from nlgan_tf.data.task import ImageTask


def task_of(n: int = 12, **changes) -> ImageTask:
    images = np.zeros((n, 4, 4, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(n)
    subclasses = np.arange(n) % 4
    fields = {"images": images, "labels": (subclasses < 2).astype(int), "subclass_labels": subclasses}
    return ImageTask(**{**fields, **changes})


def test_reduction_keeps_the_first_images_of_each_subclass_in_order():
    task = task_of(12).reduced(8)
    assert task.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    uneven = task_of(12, subclass_labels=np.array([5] * 6 + [6] * 6), labels=np.repeat([1, 0], 6)).reduced(4)
    assert uneven.images[:, 0, 0, 0].tolist() == [0, 1, 6, 7]
    assert uneven.labels.tolist() == [1, 1, 0, 0]


def test_reduction_takes_noisy_labels_along():
    noisy = np.tile([0, 1], 6)
    assert task_of(12).with_noisy_labels(noisy).reduced(4).noisy_labels.tolist() == [0, 1, 0, 1]


def test_classes_stand_in_for_unknown_subclasses():
    task = task_of(12, subclass_labels=None).reduced(4)
    assert task.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_no_size_keeps_all():
    task = task_of()
    assert task.reduced(None) is task


@pytest.mark.parametrize(
    ("size", "message"), [(6, "does not divide by the 4 subclasses"), (0, "divide"), (16, "accepted is at most 12")]
)
def test_sizes_that_do_not_fit_are_refused(size, message):
    with pytest.raises(ValueError, match=message):
        task_of().reduced(size)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "neither labels nor noisy_labels"),
        ({"labels": np.zeros(11)}, r"accepted is shape \(12,\)"),
        ({"subclass_labels": np.zeros(11)}, r"subclass_labels have shape \(11,\)"),
        ({"test_images": np.zeros((3, 4, 4, 1), np.uint8)}, "test_images or test_labels alone"),
        (
            {"test_images": np.zeros((3, 5, 4, 1), np.uint8), "test_labels": np.array([0, 1, 1])},
            r"images have shape \(3, 5, 4, 1\): accepted is \(n, 4, 4, 1\)",
        ),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        task_of(**changes)
