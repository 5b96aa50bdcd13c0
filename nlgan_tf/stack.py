"""The one place that imports Keras: its backend and version are checked before anything is built on it."""

from __future__ import annotations

import os

MINIMUM_KERAS = (3, 15)


def check_backend(name: str | None) -> None:
    """ValueError unless Keras is to run on TensorFlow (None: Keras's default, which is TensorFlow)."""
    if name not in (None, "", "tensorflow"):
        raise ValueError(
            f"the Keras backend is {name!r}: nlgan_tf accepts 'tensorflow' alone (KERAS_BACKEND=tensorflow)"
        )


def check_keras_version(version: str) -> None:
    """ValueError for a Keras 3 below 3.15, whose model loading has known security holes."""
    found = tuple(int(part) for part in version.split(".")[:2])
    if (3, 0) <= found < MINIMUM_KERAS:
        raise ValueError(
            f"Keras {version} is installed: accepted is 3.15 or newer (older ones load model files unsafely); "
            "upgrade by: pip install 'keras>=3.15'"
        )


# Before the import: a backend that is not installed would fail inside Keras with a traceback.
check_backend(os.environ.get("KERAS_BACKEND"))

import keras  # noqa: E402

# Keras 3's name for a variable of which the first replica's value is everyone's.
FIRST_REPLICA = "only_first_replica"

check_keras_version(keras.__version__)
check_backend(keras.backend.backend())
