import numpy as np
import pytest

from nlgan_tf.data.sources.folder.labels import choose_classes, class_name
from nlgan_tf.errors import InputError


@pytest.mark.parametrize(
    ("labels", "names", "zeros_and_ones"),
    [
        ([0, 1, 1], ("0", "1"), [0, 1, 1]),
        ([-1, 1, 1], ("-1", "1"), [0, 1, 1]),
        (["1", "-1"], ("-1", "1"), [1, 0]),
        ([True, False], ("False", "True"), [1, 0]),
        (np.array([True, False]), ("False", "True"), [1, 0]),
        ([1.0, 0.0], ("0", "1"), [1, 0]),
        (["Yes", "No"], ("No", "Yes"), [1, 0]),
        (["y", "n"], ("n", "y"), [1, 0]),
        (["positive", "negative"], ("negative", "positive"), [1, 0]),
        ([10, 9], ("9", "10"), [1, 0]),
        (["10", "9"], ("9", "10"), [1, 0]),
        (["dog ", "cat"], ("cat", "dog"), [1, 0]),
    ],
)
def test_two_classes_map_by_the_stated_rules(labels, names, zeros_and_ones):
    classes = choose_classes(labels)
    assert classes.names == names
    assert classes.apply(labels).tolist() == zeros_and_ones


def test_a_choice_by_order_alone_is_said():
    assert choose_classes(["cat", "dog"]).remark == (
        "Positive: dog, the later in sorted order; negative: cat; --positive names another"
    )
    assert choose_classes([0, 1]).remark is None
    assert choose_classes(["cat", "dog"], "cat").remark is None


@pytest.mark.parametrize(
    ("positive", "names", "zeros_and_ones"),
    [
        ("cat", ("cow,dog", "cat"), [1, 0, 0, 1]),
        ("cat, cow", ("dog", "cat,cow"), [1, 0, 1, 1]),
        (["cow"], ("cat,dog", "cow"), [0, 0, 1, 0]),
    ],
)
def test_named_classes_are_set_against_the_rest(positive, names, zeros_and_ones):
    labels = ["cat", "dog", "cow", "cat"]
    classes = choose_classes(labels, positive)
    assert classes.names == names
    assert classes.apply(labels).tolist() == zeros_and_ones


def test_a_long_rest_is_named_by_what_it_is_not():
    assert choose_classes(range(10), "3").names == ("not 3", "3")
    assert choose_classes(range(10), 3).names == ("not 3", "3")


def test_a_name_may_have_a_comma():
    assert choose_classes(["a,b", "c", "d"], "a,b").positive == ("a,b",)


@pytest.mark.parametrize(
    ("labels", "positive", "message"),
    [
        ([], None, "Expected labels of two classes, got 0: no labels"),
        (["a", "a"], None, "Expected labels of two classes, got 1: a"),
        (
            ["a", "b", "c"],
            None,
            r"Expected two classes, or --positive NAME\[,NAME\] \(in Python positive=\) to set against the rest; "
            "got 3: a, b, c",
        ),
        (range(8), None, "got 8: 0, 1, 2, 3, 4 and 3 more"),
        (["a", "b"], "x", "Expected --positive among a, b, got x"),
        (["a", "b"], "a,b", "Expected --positive to leave classes for the negatives, got a,b"),
        (["a", "b"], "", "got no name"),
        (["a", "b"], [], "got no name"),
        (["a", None], None, "Expected labels as text, bools or whole numbers, got a missing one"),
        (["a", " "], None, "got a missing one"),
        ([0.0, float("nan")], None, "got a missing one"),
        ([0.5, 1.0], None, "got 0.5"),
        ([b"a", b"b"], None, "got b'a'"),
    ],
)
def test_labels_of_no_rule_are_refused(labels, positive, message):
    with pytest.raises(InputError, match=message):
        choose_classes(labels, positive)


def test_labels_of_no_class_are_refused():
    with pytest.raises(InputError, match="Expected test labels among a, b, got c"):
        choose_classes(["a", "b"]).apply(["a", "c"], "test labels")


def test_names_of_labels():
    assert [class_name(label) for label in (1, 1.0, np.int64(1), True, " x ")] == ["1", "1", "1", "True", "x"]
