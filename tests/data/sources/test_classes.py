import numpy as np
import pytest

from nlgan_tf.data.sources.classes import binary_task, parse_classes, split_pairing
from nlgan_tf.errors import InputError

NAMES = ("cat", "dog", "hen")


def test_classes_are_read_with_positives_first():
    assert split_pairing("5, 7-vs-2,4") == (["5", "7"], ["2", "4"])
    assert parse_classes("hen,cat-vs-dog", NAMES) == ([2, 0], [1])


@pytest.mark.parametrize(
    ("pairing", "message"),
    [
        ("cat-vs-cow", "Expected classes among cat, dog, hen; got 'cow' in 'cat-vs-cow'"),
        ("cat-vs-cat", "Expected no class twice in A-vs-B after SOURCE:; got 'cat-vs-cat'"),
        ("cat,,dog-vs-hen", "Expected classes A-vs-B after SOURCE:.*; got 'cat,,dog-vs-hen'"),
        ("cat", "Expected classes A-vs-B after SOURCE:.*; got 'cat'"),
        (" ", "Expected classes A-vs-B after SOURCE:.*; got no classes"),
    ],
)
def test_classes_that_are_none_are_refused(pairing, message):
    with pytest.raises(InputError, match=message):
        parse_classes(pairing, NAMES)


def test_a_task_takes_the_named_classes_of_both_splits(images):
    classes = np.arange(40) % 3
    fields = binary_task("hen-vs-dog", NAMES, (images, classes), (images[:6] // 2, classes[:6]))
    np.testing.assert_array_equal(fields["images"], images[classes > 0])
    np.testing.assert_array_equal(fields["labels"], classes[classes > 0] == 2)
    np.testing.assert_array_equal(fields["subclass_labels"], classes[classes > 0])
    np.testing.assert_array_equal(fields["test_images"], images[[1, 2, 4, 5]] // 2)
    assert fields["test_labels"].tolist() == [0, 1, 0, 1]
    assert fields["class_names"] == ("dog", "hen")
