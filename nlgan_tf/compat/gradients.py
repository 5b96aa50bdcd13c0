"""Frees the graphs, and the weights that they read, of trainings that are over.

TensorFlow registers the gradient of each `tf.custom_gradient` in a graph under a new name, for as long as the process
lasts, and with it the whole graph (tensorflow/tensorflow#97697). Keras's optimizers and this package's layers have such
gradients, so that each training would stay in memory: some hundred megabytes for each seed of a run, trial of a search
or cell of a table.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

_lock = threading.Lock()
# Blocks that have begun and not ended, in all threads, and the gradients that were there before the first of them.
_open_blocks = 0
_before: set[str] = set()


@contextlib.contextmanager
def freed_graphs() -> Iterator[None]:
    """Forgets the custom gradients of graphs that are made inside, once no such block is open in any thread.

    What was made inside computes as before. It can no longer be differentiated for the first time: a training has done
    so when it ends, and predictions never are.
    """
    global _open_blocks, _before
    with _lock:
        if _open_blocks == 0:
            _before = set(custom_gradients())
        _open_blocks += 1
    try:
        yield
    finally:
        with _lock:
            _open_blocks -= 1
            if _open_blocks == 0:
                for name in set(custom_gradients()) - _before:
                    del _registry()[name]


def custom_gradients() -> list[str]:
    """Names of the custom gradients that TensorFlow keeps."""
    return [name for name in list(_registry()) if name.startswith("CustomGradient-")]


def _registry() -> dict[str, Any]:
    """TensorFlow's gradients by name; it has no public way to forget one."""
    from tensorflow.python.framework import ops

    return getattr(ops.gradient_registry, "_registry", {})
