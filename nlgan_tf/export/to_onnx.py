"""A version's ONNX file, by tf2onnx, checked against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.errors import InputError
from nlgan_tf.export.servable import Servable

FILE = "model.onnx"
OPSET = 18
TOLERANCE = 1e-4


def write_onnx(servable: Servable, version_dir: Path) -> None:
    """Writes `serving_default` as model.onnx and compares it with the Keras model's answers.

    Raises:
        ImportError: without the extra `onnx`, and on TF 2.15, whose ml_dtypes is too old for it.
        InputError: if onnxruntime's answers differ by more than TOLERANCE, relative to the range.
    """
    if LEGACY:
        raise ImportError("ONNX on TF 2.15, whose ml_dtypes is too old for it: accepted is TF 2.21 or later")
    try:
        import onnxruntime
        import tf2onnx
    except ImportError as error:
        raise ImportError("ONNX needs two packages more: pip install 'nlgan-tf[onnx]'") from error
    names = list(servable.numeric_outputs)

    @tf.function(input_signature=servable.network.input_signature)
    def numeric(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = servable.network(batch)
        return {name: answer[name] for name in names}

    path = str(version_dir / FILE)
    tf2onnx.convert.from_function(numeric, numeric.input_signature, opset=OPSET, output_path=path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for example in servable.examples:
        if example.signature == "serving_default":
            answers = session.run(names, example.inputs)
            for name, answer in zip(names, answers, strict=True):
                _check(name, answer, example.outputs[name])


def _check(name: str, answer: np.ndarray, expected: np.ndarray) -> None:
    full_scale = 255.0 if name == "images" else 1.0
    difference = float(np.abs(answer - expected).max()) / full_scale
    # Written so that NaN fails too.
    if not difference <= TOLERANCE:
        raise InputError(f"onnxruntime's {name} is off by {difference:.1e} of the range: accepted is {TOLERANCE:.0e}")
