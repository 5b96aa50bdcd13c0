"""Independent work of a run, two at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TypeVar

import joblib
import tensorflow as tf
from threadpoolctl import threadpool_limits

from nlgan_tf.training.precision import computing_in

Result = TypeVar("Result")
# Networks as small as stage two's keep one core busy, but not two.
MOST = 2


def side_by_side(tasks: Mapping[str, Callable[[], Result]], precision: str, most: int = MOST) -> dict[str, Result]:
    """Returns the results of independent tasks by name, computed in threads, on a GPU in one.

    Args:
        tasks: Functions without arguments, by name, the longest first.
        precision: Precision of the networks that the tasks build; Keras 3 keeps this setting for each thread apart.
        most: Most tasks at a time.

    Raises:
        Exception: What the first task that failed raised; tasks that have begun end before.
    """

    def result(task: Callable[[], Result]) -> Result:
        with computing_in(precision):
            return task()

    jobs = 1 if tf.config.list_physical_devices("GPU") else min(most, os.cpu_count() or 1)
    # On matrices as small as these, threads of scikit-learn's libraries wait for each other. The precision is set here
    # too, as Keras 2.15 has one setting for all threads, and a thread that ends puts back what it found.
    with threadpool_limits(1), computing_in(precision):
        results = joblib.Parallel(jobs, backend="threading")(joblib.delayed(result)(task) for task in tasks.values())
    return dict(zip(tasks, results, strict=True))
