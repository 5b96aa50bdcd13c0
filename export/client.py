"""Requests to a TensorFlow Serving that serves nlgan_tf's models, by REST or by gRPC.

    python client.py classify digit.png other.jpg
    python client.py draw --model negative_generator --seeds 1,2,3 --to drawn
    python client.py metadata --model classifier

REST needs Python and NumPy alone; gRPC (--grpc HOST:PORT) needs the package tensorflow-serving-api. Both clients have
the same two methods, and either may be imported by a program:

    RestClient("http://localhost:8501").predict("classifier", {"image_bytes": [png]}, "serving_bytes")
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

# Most pixels of an image that the server decodes.
MAX_PIXELS = 4096 * 4096
DTYPES = {"DT_FLOAT": np.float32, "DT_INT64": np.int64, "DT_UINT8": np.uint8, "DT_STRING": object}


class RequestError(Exception):
    """The server refused a request; `code` is its HTTP status or gRPC status name."""

    def __init__(self, code: int | str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class RestClient:
    """TF Serving's REST interface, in its column format."""

    def __init__(self, url: str = "http://localhost:8501", timeout: float = 60.0) -> None:
        self.url, self.timeout = url.rstrip("/"), timeout
        self._outputs: dict[tuple[str, str, str | int | None], dict[str, type]] = {}

    def predict(
        self, model: str, inputs: dict, signature: str = "serving_default", version: str | int | None = None
    ) -> dict[str, np.ndarray]:
        """Returns named outputs for named inputs; `version` is a number, or a label such as "stable"."""
        body = {"signature_name": signature, "inputs": {name: _to_json(value) for name, value in inputs.items()}}
        answer = self._request(f"{self._path(model, version)}:predict", body)["outputs"]
        dtypes = self._output_dtypes(model, signature, version)
        # A single output comes without its name.
        named = answer if len(dtypes) > 1 else {next(iter(dtypes)): answer}
        return {name: _from_json(named[name], dtype) for name, dtype in dtypes.items()}

    def metadata(self, model: str, version: str | int | None = None) -> dict:
        """Returns the signatures: {name: {"inputs": {name: {"dtype": ..., "shape": [...]}}, "outputs": ...}}."""
        answer = self._request(f"{self._path(model, version)}/metadata")
        signatures = answer["metadata"]["signature_def"]["signature_def"]
        return {
            name: {side: {key: _rest_tensor(info) for key, info in found[side].items()} for side in _SIDES}
            for name, found in signatures.items()
            if not name.startswith("__")
        }

    def _output_dtypes(self, model: str, signature: str, version: str | int | None) -> dict[str, type]:
        key = (model, signature, version)
        if key not in self._outputs:
            outputs = self.metadata(model, version)[signature]["outputs"]
            self._outputs[key] = {name: DTYPES[info["dtype"]] for name, info in outputs.items()}
        return self._outputs[key]

    def _path(self, model: str, version: str | int | None) -> str:
        chosen = "" if version is None else f"/labels/{version}" if isinstance(version, str) else f"/versions/{version}"
        return f"{self.url}/v1/models/{model}{chosen}"

    def _request(self, url: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            # A proxy in between answers in its own words.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                text = json.loads(text)["error"]
            raise RequestError(error.code, text) from None
        except urllib.error.URLError as error:
            raise RequestError("UNAVAILABLE", f"{self.url}: {error.reason}") from None


class GrpcClient:
    """TF Serving's gRPC interface."""

    def __init__(self, address: str = "localhost:8500", timeout: float = 60.0) -> None:
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        # Server and client both stop at 4 MB by default, and 1,024 images are more.
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.timeout = timeout
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address, options))

    def predict(
        self, model: str, inputs: dict, signature: str = "serving_default", version: str | int | None = None
    ) -> dict[str, np.ndarray]:
        """Returns named outputs for named inputs; `version` is a number, or a label such as "stable"."""
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        _set_model(request.model_spec, model, version)
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(_as_array(value)))
        answer = self._call(self._stub.Predict, request)
        return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}

    def metadata(self, model: str, version: str | int | None = None) -> dict:
        """Returns the model's signatures, in the form of `RestClient.metadata`."""
        from tensorflow.core.framework import types_pb2
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        _set_model(request.model_spec, model, version)
        found = get_model_metadata_pb2.SignatureDefMap()
        self._call(self._stub.GetModelMetadata, request).metadata["signature_def"].Unpack(found)

        def tensor(info) -> dict:
            return {
                "dtype": types_pb2.DataType.Name(info.dtype),
                "shape": [dim.size for dim in info.tensor_shape.dim],
            }

        return {
            name: {side: {key: tensor(info) for key, info in getattr(signature, side).items()} for side in _SIDES}
            for name, signature in found.signature_def.items()
            if not name.startswith("__")
        }

    def _call(self, method, request):
        import grpc

        try:
            return method(request, timeout=self.timeout)
        except grpc.RpcError as error:
            raise RequestError(error.code().name, error.details()) from None


_SIDES = ("inputs", "outputs")


def _rest_tensor(info: dict) -> dict:
    shape = info["tensor_shape"]
    return {"dtype": info["dtype"], "shape": [int(dim["size"]) for dim in shape.get("dim", [])]}


def _set_model(spec, model: str, version: str | int | None) -> None:
    spec.name = model
    if isinstance(version, str):
        spec.version_label = version
    elif version is not None:
        spec.version.value = version


def _as_array(value) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    holds_bytes = isinstance(value, bytes) or (isinstance(value, (list, tuple)) and any(map(_is_bytes, value)))
    return np.array(value, dtype=object if holds_bytes else None)


def _is_bytes(value) -> bool:
    return isinstance(value, bytes)


def _to_json(value):
    """Lists and numbers; bytes as TF Serving wants them."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    return [_to_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def _from_json(value, dtype: type) -> np.ndarray:
    if dtype is object:
        decoded = [base64.b64decode(item["b64"]) if isinstance(item, dict) else item.encode() for item in value]
        return np.array(decoded, dtype=object)
    return np.array(value, dtype=dtype)


def photograph(file: str) -> bytes:
    """Returns an image file as the served classifier saw such files in training.

    An opaque PNG and a JPEG are sent as they are. With Pillow installed, a PNG is sent in place of another format,
    CMYK, transparency (white then) and more than MAX_PIXELS pixels; without Pillow, the server refuses most of them.
    """
    content = Path(file).read_bytes()
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return content
    with Image.open(io.BytesIO(content)) as image:
        is_small = image.width * image.height <= MAX_PIXELS
        read_as_it_is = image.format in ("PNG", "JPEG", "MPO") and image.mode != "CMYK"
        if read_as_it_is and is_small and not image.has_transparency_data:
            return content
        upright = image
        if image.format != "PNG":
            with contextlib.suppress(Exception):  # Damaged EXIF, of which Pillow raises several types.
                upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            upright = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, (255, 255, 255, 255)), upright)
        upright = upright.convert("RGB")
        if not is_small:
            upright.thumbnail((4096, 4096), Image.Resampling.BOX)
        stream = io.BytesIO()
        upright.save(stream, "PNG")
        return stream.getvalue()


def classify(client: RestClient | GrpcClient, files: list[str], model: str) -> None:
    """Prints each image file's class and P(positive)."""
    answer = client.predict(model, {"image_bytes": list(map(photograph, files))}, "serving_bytes")
    for file, name, probability in zip(files, answer["class_name"], answer["probability"], strict=True):
        print(f"{file}: {name.decode()} ({probability:.3f})")


def draw(client: RestClient | GrpcClient, seeds: list[int], model: str, folder: str) -> None:
    """Writes one PNG a seed."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for seed, png in zip(seeds, client.predict(model, {"seeds": seeds}, "sample_png")["png_bytes"], strict=True):
        path = Path(folder, f"{model}-{seed}.png")
        path.write_bytes(png)
        print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://localhost:8501", help="address for REST (default: %(default)s)")
    parser.add_argument("--grpc", metavar="HOST:PORT", help="address for gRPC, in place of REST")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("classify", help="print the class of image files")
    command.add_argument("files", nargs="+")
    command.add_argument("--model", default="classifier")
    command = commands.add_parser("draw", help="write images of a generator, one a seed")
    command.add_argument("--model", default="positive_generator")
    command.add_argument("--seeds", default="0", help="seeds, such as 1,2,3 (default: %(default)s)")
    command.add_argument("--to", default=".", help="folder for the PNG files (default: %(default)s)")
    command = commands.add_parser("metadata", help="print a model's signatures as JSON")
    command.add_argument("--model", default="classifier")
    given = parser.parse_args()
    client = GrpcClient(given.grpc) if given.grpc else RestClient(given.url)
    try:
        if given.command == "classify":
            classify(client, given.files, given.model)
        elif given.command == "draw":
            draw(client, [int(seed) for seed in given.seeds.split(",")], given.model, given.to)
        else:
            print(json.dumps(client.metadata(given.model), indent=2))
    except (RequestError, OSError, ValueError) as error:
        print(f"client.py: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
