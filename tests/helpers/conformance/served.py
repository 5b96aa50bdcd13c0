"""The models of a models.config, each version loaded into a session and warmed up."""

from __future__ import annotations

from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

Code = grpc.StatusCode


class Refused(Exception):
    """A request that gets a status other than OK."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class ServedVersion:
    """One SavedModel: its signatures, and a function a signature."""

    def __init__(self, folder: Path) -> None:
        graph = tf.Graph()
        with graph.as_default():
            self.session = tf.compat.v1.Session(graph=graph)
            meta_graph = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder))
        self.signatures = dict(meta_graph.signature_def)
        # The init op is listed as a signature too, of no inputs.
        callable_ones = {name: signature for name, signature in self.signatures.items() if signature.inputs}
        self._functions = {name: self._function(signature) for name, signature in callable_ones.items()}
        for serialized in tf.data.TFRecordDataset(str(folder / "assets.extra" / "tf_serving_warmup_requests")):
            request = prediction_log_pb2.PredictionLog.FromString(serialized.numpy()).predict_log.request
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)

    def _function(self, signature):
        options = config_pb2.CallableOptions()
        options.feed.extend(info.name for _, info in sorted(signature.inputs.items()))
        options.fetch.extend(info.name for _, info in sorted(signature.outputs.items()))
        # Unlike `run`, such a callable leaves shapes unchecked, as the real server does.
        return self.session._make_callable_from_options(options)

    def signature(self, name: str):
        if name not in self.signatures:
            raise Refused(Code.INVALID_ARGUMENT, f'Serving signature name: "{name}" not found in signature def')
        return self.signatures[name]

    def run(self, name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature; Refused with TensorFlow's own code and message."""
        signature = self.signature(name)
        wanted, given = set(signature.inputs), set(inputs)
        if wanted != given:
            raise Refused(
                Code.INVALID_ARGUMENT,
                f"input size does not match signature: {len(given)}!={len(wanted)}. "
                f"Sent extra: {sorted(given - wanted)}. Missing but required: {sorted(wanted - given)}.",
            )
        for key, value in inputs.items():
            expected = tf.as_dtype(signature.inputs[key].dtype)
            if tf.as_dtype(value.dtype) != expected:
                raise Refused(Code.INVALID_ARGUMENT, f"Expects {key} to be {expected.name} but {value.dtype} is given")
        try:
            values = self._functions[name](*(inputs[key] for key in sorted(inputs)))
        except tf.errors.OpError as error:
            code = next(code for code in Code if code.value[0] == error.error_code)
            raise Refused(code, error.message) from error
        return dict(zip(sorted(signature.outputs), values, strict=True))


def numbers_in(folder: Path) -> list[int]:
    """Versions in a folder of a model, ascending."""
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def versions_by(policy, found: list[int]) -> list[int]:
    """Versions that TF Serving loads by a `model_version_policy`; by default the latest one."""
    match policy.WhichOneof("policy_choice"):
        case "specific":
            return sorted(set(policy.specific.versions) & set(found))
        case "all":
            return found
    return found[-max(policy.latest.num_versions, 1) :]


class ServedModels:
    """All models of a models.config; requests choose a version by number or label, or take the latest."""

    def __init__(self, models_config: Path) -> None:
        config = text_format.Parse(models_config.read_text(), model_server_config_pb2.ModelServerConfig())
        entries = config.model_config_list.config
        self.labels = {entry.name: dict(entry.version_labels) for entry in entries}
        self.versions = {
            entry.name: {
                number: ServedVersion(Path(entry.base_path, str(number)))
                for number in versions_by(entry.model_version_policy, numbers_in(Path(entry.base_path)))
            }
            for entry in entries
        }

    def find(self, name: str, number: int | None, label: str | None) -> tuple[int, ServedVersion]:
        if not name:
            raise Refused(Code.INVALID_ARGUMENT, "Missing ModelSpec.name")
        found = self.versions.get(name)
        if found is None:
            raise Refused(Code.NOT_FOUND, f"Servable not found for request: Latest({name})")
        if label is not None:
            if label not in self.labels[name]:
                raise Refused(Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}")
            number = self.labels[name][label]
        elif number is None:
            number = max(found)
        if number not in found:
            raise Refused(Code.NOT_FOUND, f"Servable not found for request: Specific({name}, {number})")
        return number, found[number]
