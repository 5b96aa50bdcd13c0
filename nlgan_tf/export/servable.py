"""What is exported of a model: its signatures, and examples with the Keras model's own answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.compat.quiet import without_saving_notes

EXAMPLE_BATCHES = (1, 3, 64)
# Largest difference of an export from its Keras model, relative to the range of an output, by what the model computes
# in: a graph rounds elsewhere than layers that are called one by one.
TOLERANCES = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 2e-2}
# A GPU's libraries choose their kernels, and so the order of sums, call by call.
GPU_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Example:
    """One request to a signature, and the Keras model's answer."""

    signature: str
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


@dataclass(frozen=True)
class Servable:
    """A model to export.

    Attributes:
        name: Name of the model for TF Serving.
        kind: "classifier" or "generator".
        signatures: Functions of named tensors that return named tensors; `serving_default` among them.
        examples: Requests to every signature, at each of EXAMPLE_BATCHES.
        network: Function that `serving_default` calls once its input is checked, for ONNX.
        numeric_outputs: Names of outputs of `network` that ONNX has; strings are left out.
        facts: Facts of the model for its card, `compute_dtype` among them.
    """

    name: str
    kind: str
    signatures: dict[str, tf.types.experimental.PolymorphicFunction]
    examples: list[Example]
    network: tf.types.experimental.PolymorphicFunction
    numeric_outputs: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def tolerance(self) -> float:
        """Largest difference from the Keras model, relative to the range of an output."""
        return tolerance_of(self.facts)


def tolerance_of(facts: Mapping[str, Any]) -> float:
    """Returns the largest difference from the Keras model by a servable's facts, or by a manifest that has them."""
    tolerance = TOLERANCES.get(facts.get("compute_dtype"), TOLERANCES["float32"])
    return max(tolerance, GPU_TOLERANCE) if tf.config.list_physical_devices("GPU") else tolerance


def compute_dtype(model: keras.Model) -> str:
    """Returns the coarsest dtype that a layer of the model computes in, a key of TOLERANCES."""
    if hasattr(model, "layers"):
        # An input layer computes nothing, and has Keras's policy of the moment.
        found = {compute_dtype(part) for part in model.layers if not isinstance(part, keras.layers.InputLayer)}
    else:
        found = {model.compute_dtype}
    found &= set(TOLERANCES)
    return max(found, key=TOLERANCES.get, default="float32")


def save_signatures(servable: Servable, folder: Path) -> None:
    """Writes the SavedModel: the signatures and the variables that they read, each once."""
    module = tf.Module()
    # Not the Keras model: with the model each weight would be written twice, and random state that no signature reads.
    used = [function.get_concrete_function().variables for function in servable.signatures.values()]
    module.weights = list({id(variable): variable for variables in used for variable in variables}.values())
    with without_saving_notes():
        tf.saved_model.save(module, str(folder), signatures=servable.signatures)
