"""The one place that imports keras-tuner: after Keras, whose version is checked, and TensorFlow, whose log is quiet."""

from __future__ import annotations

import nlgan_tf.compat.keras  # noqa: F401

# isort: split
import keras_tuner

__all__ = ["keras_tuner"]
