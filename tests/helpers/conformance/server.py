"""Serves a models.config by gRPC and REST: python -m helpers.conformance.server MODELS_CONFIG

The program prints {"rest": PORT, "grpc": PORT} when the server is ready, and ends when its standard input does.
"""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import grpc
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from helpers.conformance.rest_json import from_tensors, parse_request, to_tensors
from helpers.conformance.served import Code, Refused, ServedModels

# Requests that run at one time; the others wait their turn.
WORKERS = 16

PREDICT = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?:predict", re.IGNORECASE)
ABOUT = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?(/metadata)?", re.IGNORECASE)
HTTP = {
    Code.INVALID_ARGUMENT: 400,
    Code.NOT_FOUND: 404,
    Code.FAILED_PRECONDITION: 412,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.UNIMPLEMENTED: 501,
}


class GrpcService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; the other methods answer UNIMPLEMENTED."""

    def __init__(self, models: ServedModels) -> None:
        self.models = models

    def Predict(self, request, context):
        try:
            number, version = self._find(request.model_spec)
            name = request.model_spec.signature_name or "serving_default"
            try:
                inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
            except (ValueError, TypeError) as error:
                raise Refused(Code.INVALID_ARGUMENT, f"Tensor proto cannot be read: {error}") from error
            outputs = version.run(name, inputs)
        except Refused as refused:
            context.abort(refused.code, str(refused))
        answer = predict_pb2.PredictResponse()
        answer.model_spec.name, answer.model_spec.signature_name = request.model_spec.name, name
        answer.model_spec.version.value = number
        for key in request.output_filter or outputs:
            if key not in outputs:
                context.abort(Code.INVALID_ARGUMENT, f"output tensor alias not found in signature: {key}")
            answer.outputs[key].CopyFrom(tf.make_tensor_proto(outputs[key]))
        return answer

    def GetModelMetadata(self, request, context):
        try:
            if list(request.metadata_field) != ["signature_def"]:
                raise Refused(Code.INVALID_ARGUMENT, f"Metadata field {request.metadata_field} is not supported")
            number, version = self._find(request.model_spec)
        except Refused as refused:
            context.abort(refused.code, str(refused))
        return metadata(request.model_spec.name, number, version)

    def _find(self, spec):
        choice = spec.WhichOneof("version_choice")
        return self.models.find(
            spec.name,
            spec.version.value if choice == "version" else None,
            spec.version_label if choice == "version_label" else None,
        )


def metadata(name: str, number: int, version) -> get_model_metadata_pb2.GetModelMetadataResponse:
    answer = get_model_metadata_pb2.GetModelMetadataResponse()
    answer.model_spec.name, answer.model_spec.version.value = name, number
    answer.metadata["signature_def"].Pack(get_model_metadata_pb2.SignatureDefMap(signature_def=version.signatures))
    return answer


def rest_handler(models: ServedModels) -> type[BaseHTTPRequestHandler]:
    """A request handler class for these models."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(lambda: self._predict(body))

        def do_GET(self) -> None:
            self._answer(self._about)

        def _predict(self, body: bytes) -> dict:
            found = PREDICT.fullmatch(self.path)
            if not found:
                raise Refused(Code.INVALID_ARGUMENT, f"Malformed request: POST {self.path}")
            _, version = self._find(*found.groups())
            name, document = parse_request(body)
            outputs = version.run(name, to_tensors(document, version.signature(name)))
            return from_tensors(outputs, row_format="instances" in document)

        def _about(self) -> dict:
            found = ABOUT.fullmatch(self.path)
            if not found:
                raise Refused(Code.INVALID_ARGUMENT, f"Malformed request: GET {self.path}")
            *model, wants_metadata = found.groups()
            number, version = self._find(*model)
            if not wants_metadata:
                states = get_model_status_pb2.GetModelStatusResponse()
                states.model_version_status.add(version=number, state="AVAILABLE")
                return json_format.MessageToDict(states, preserving_proto_field_name=True)
            return json_format.MessageToDict(
                metadata(model[0], number, version),
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )

        def _find(self, name: str, number: str | None, label: str | None):
            return models.find(name, int(number) if number else None, label)

        def _answer(self, produce) -> None:
            try:
                status, content = 200, produce()
            except Refused as refused:
                status, content = HTTP.get(refused.code, 500), {"error": str(refused)}
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_) -> None:
            """Keeps the standard error free."""

    return Handler


class RestServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    models = ServedModels(Path(sys.argv[1]))
    rest = RestServer(("127.0.0.1", 0), rest_handler(models))
    Thread(target=rest.serve_forever, daemon=True).start()
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    service = grpc.server(ThreadPoolExecutor(WORKERS), options=unlimited)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(GrpcService(models), service)
    port = service.add_insecure_port("127.0.0.1:0")
    service.start()
    print(json.dumps({"rest": rest.server_port, "grpc": port}), flush=True)
    sys.stdin.read()
    service.stop(None)
    rest.shutdown()


if __name__ == "__main__":
    main()
