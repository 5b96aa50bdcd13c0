"""What is exported of a model: its signatures, and examples with the Keras model's own answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

EXAMPLE_BATCHES = (1, 3, 64)


@dataclass(frozen=True)
class Example:
    """One request to a signature, and what the Keras model answers to it."""

    signature: str
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


@dataclass(frozen=True)
class Servable:
    """A model to export.

    Attributes:
        name: the model's name for TF Serving.
        kind: "classifier" or "generator".
        signatures: functions of named tensors that return named tensors; `serving_default` among them.
        examples: of every signature, at each of EXAMPLE_BATCHES.
        network: what `serving_default` computes once it has checked its input, for ONNX.
        numeric_outputs: of `network`; ONNX holds no strings here.
        facts: what a reader of the model card should know of it, such as class names.
    """

    name: str
    kind: str
    signatures: dict[str, tf.types.experimental.PolymorphicFunction]
    examples: list[Example]
    network: tf.types.experimental.PolymorphicFunction
    numeric_outputs: tuple[str, ...]
    facts: dict[str, Any]


def save_signatures(servable: Servable, folder: Path) -> None:
    """Writes the SavedModel: the signatures and the variables that they read, each once."""
    module = tf.Module()
    # Not the Keras model: tracking it too would write each weight twice, and random state that no signature reads.
    used = [function.get_concrete_function().variables for function in servable.signatures.values()]
    module.weights = list({id(variable): variable for variables in used for variable in variables}.values())
    tf.saved_model.save(module, str(folder), signatures=servable.signatures)
