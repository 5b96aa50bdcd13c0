"""A version's ONNX file, by tf2onnx, checked against onnxruntime."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import tensorflow as tf

from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.errors import InputError, MissingPackage
from nlgan_tf.export.replay import deviations
from nlgan_tf.export.servable import Servable

FILE = "model.onnx"
OPSET = 18
# Largest difference from the Keras model, relative to the range of an output, where a model computes in float32.
TOLERANCE = 1e-4


def check_onnx() -> None:
    """Raises MissingPackage without the extra `onnx`, and on TF 2.15, whose ml_dtypes is too old for ONNX."""
    if LEGACY:
        raise MissingPackage("Expected TF 2.21 or later for ONNX, got TF 2.15, whose ml_dtypes is too old")
    missing = [name for name in ("tf2onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackage(f"Expected {' and '.join(missing)} for ONNX, got none: pip install 'nlgan-tf[onnx]'")


def write_onnx(servable: Servable, version_dir: Path) -> None:
    """Writes `serving_default` as model.onnx and compares its answers with the Keras model's.

    Raises:
        MissingPackage: As `check_onnx`.
        InputError: If onnxruntime's answers differ by more than TOLERANCE, relative to the range, or by more than the
            servable's own tolerance where that is larger.
    """
    check_onnx()
    import onnxruntime
    import tf2onnx

    names = list(servable.numeric_outputs)

    @tf.function(autograph=False, input_signature=servable.network.input_signature)
    def numeric(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = servable.network(batch)
        return {name: answer[name] for name in names}

    path = str(version_dir / FILE)
    tf2onnx.convert.from_function(numeric, numeric.input_signature, opset=OPSET, output_path=path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    tolerance = max(TOLERANCE, servable.tolerance)
    for example in servable.examples:
        if example.signature == "serving_default":
            answer = dict(zip(names, session.run(names, example.inputs), strict=True))
            for name, deviation in deviations(answer, {name: example.outputs[name] for name in names}).items():
                # Written so that NaN fails too.
                if not deviation <= tolerance:
                    raise InputError(
                        f"Expected onnxruntime's {name} within {tolerance:.0e} of the range of the Keras model's, "
                        f"got {deviation:.1e}"
                    )
