"""TensorFlow Serving's mapping between JSON and tensors, row and column format."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import grpc
import numpy as np
import tensorflow as tf

from helpers.conformance.served import Refused

INTEGERS = {tf.uint8, tf.int32, tf.int64}


def parse_request(body: bytes) -> tuple[str, dict]:
    """The signature's name, and the whole JSON object."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise _invalid("JSON Value: Is not object")
    name = document.get("signature_name", "serving_default")
    if not isinstance(name, str):
        raise _invalid("'signature_name' key must be a string value.")
    if ("instances" in document) == ("inputs" in document):
        raise _invalid("Missing 'inputs' or 'instances' key, or both are there")
    return name or "serving_default", document


def to_tensors(document: dict, signature) -> dict[str, np.ndarray]:
    """The inputs of a request, which are as the signature's dtypes say; shapes are left to the graph."""
    dtypes = {name: tf.as_dtype(info.dtype) for name, info in signature.inputs.items()}
    if "instances" in document:
        return _rows(document["instances"], dtypes)
    inputs = document["inputs"]
    if not isinstance(inputs, dict) or _is_base64(inputs):
        if len(dtypes) > 1:
            raise _invalid("inputs is a plain value/list, but expecting an object")
        inputs = {next(iter(dtypes)): inputs}
    for name in dtypes:
        if name not in inputs:
            raise _invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: _tensor(inputs[name], dtype) for name, dtype in dtypes.items()}


def _rows(instances: Any, dtypes: dict) -> dict[str, np.ndarray]:
    if not isinstance(instances, list):
        raise _invalid("Excepting 'instances' to be an list/array")
    if not instances:
        raise _invalid("No values in 'instances' array")
    named = [isinstance(row, dict) and not _is_base64(row) for row in instances]
    if len(set(named)) > 1:
        raise _invalid("Expecting one kind of element of input list")
    if not named[0]:
        if len(dtypes) > 1:
            raise _invalid("instances is a plain list, but expecting list of objects")
        instances = [{next(iter(dtypes)): row} for row in instances]
    for number, row in enumerate(instances):
        if row.keys() != dtypes.keys():
            raise _invalid(f"Failed to process element: {number} keys must be equal to: {','.join(dtypes)}")
    return {name: _tensor([row[name] for row in instances], dtype) for name, dtype in dtypes.items()}


def _tensor(value: Any, dtype: tf.DType) -> np.ndarray:
    shape, level = [], value
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    flat: list = []
    _flatten(value, shape, 0, dtype, flat)
    kind = object if dtype == tf.string else dtype.as_numpy_dtype
    # Integers wrap, as the server's conversion from int32 to uint8 does.
    array = np.array(flat, np.int64).astype(kind) if dtype in INTEGERS else np.array(flat, kind)
    return array.reshape(shape)


def _flatten(value: Any, shape: list[int], depth: int, dtype: tf.DType, flat: list) -> None:
    if not isinstance(value, list):
        if depth != len(shape):
            raise _invalid(f"JSON Value found at incorrect level: {depth + 1}. Expected at level: {len(shape)}")
        flat.append(_scalar(value, dtype))
        return
    if depth >= len(shape):
        raise _invalid(f"Encountered list at unexpected level: {depth} expected < {len(shape)}")
    if len(value) != shape[depth]:
        raise _invalid(f"Encountered list at unexpected size: {len(value)} at level: {depth}")
    for item in value:
        _flatten(item, shape, depth + 1, dtype, flat)


def _scalar(value: Any, dtype: tf.DType) -> Any:
    if dtype == tf.string:
        if isinstance(value, str):
            return value.encode()
        if _is_base64(value):
            try:
                return base64.b64decode(value["b64"], validate=True)
            except (binascii.Error, ValueError) as error:
                raise _invalid("Unable to base64 decode") from error
    elif isinstance(value, int) and not isinstance(value, bool) and dtype in INTEGERS:
        bits = 64 if dtype == tf.int64 else 32
        if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            return value
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and dtype == tf.float32:
        if not abs(value) < float("inf") or abs(value) <= (2**24 - 1 if isinstance(value, int) else 3.4028234e38):
            return value
        raise _invalid(f"Cannot convert JSON value: {value} to float without loss of precision.")
    raise _invalid(f"JSON Value: {str(value)[:80]} Type: {type(value).__name__} is not of expected type: {dtype.name}")


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def from_tensors(outputs: dict[str, np.ndarray], row_format: bool) -> dict:
    """The answer, in the request's own format."""
    columns = {name: _to_json(name, value) for name, value in outputs.items()}
    if not row_format:
        return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
    if any(np.ndim(value) == 0 for value in outputs.values()) or len({len(value) for value in outputs.values()}) > 1:
        raise _invalid("Tensors have inconsistent batch sizes")
    if len(columns) == 1:
        return {"predictions": next(iter(columns.values()))}
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]}


def _to_json(name: str, value: np.ndarray) -> Any:
    if value.dtype != object:
        return value.tolist()
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(item).decode()} for item in value]
    return [item.decode(errors="replace") for item in value]


def _invalid(message: str) -> Refused:
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, message)
