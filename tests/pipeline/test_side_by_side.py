import threading

import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.pipeline.side_by_side import side_by_side


def test_results_are_by_name_in_the_order_of_the_tasks():
    both = threading.Barrier(2, timeout=30)

    def meet(result: int) -> int:
        # One after the other neither would end.
        both.wait()
        return result

    found = side_by_side({"b": lambda: meet(1), "a": lambda: meet(2)}, "float32")
    assert list(found.items()) == [("b", 1), ("a", 2)]


def test_networks_have_the_precision_in_each_thread():
    def dtype() -> str:
        return keras.layers.Dense(1).compute_dtype

    assert side_by_side({"a": dtype, "b": dtype}, "bfloat16") == {"a": "bfloat16", "b": "bfloat16"}
    assert keras.mixed_precision.global_policy().name == "float32"


def test_at_most_as_many_at_a_time_as_asked_for():
    running, seen = [], []

    def task() -> None:
        running.append(0)
        seen.append(len(running))
        running.pop()

    side_by_side(dict.fromkeys("abcd", task), "float32", most=1)
    assert seen == [1, 1, 1, 1]


def test_what_a_task_raises_is_raised():
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        side_by_side({"a": fails, "b": int}, "float32")
