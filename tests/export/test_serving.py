"""export/client.py against the conformance server, and against TensorFlow Serving itself where TF_SERVING_URL is set.

For the latter serve a base with this package's models and set TF_SERVING_URL (http://HOST:8501), TF_SERVING_GRPC
(HOST:8500) and TF_SERVING_BASE, the base as this machine sees it.
"""

import collections
import json
import os
import random
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import client
from helpers import ROOT
from helpers.conformance.load import bad_calls, fuzzed_body, good_calls, outcome, resident_megabytes, storm
from helpers.conformance.running import RunningServer, running_server

pytestmark = pytest.mark.slow
RESULTS = ROOT / "results"


@pytest.fixture(scope="module", params=["conformance", "tensorflow_serving"])
def server(request, exported_base):
    if request.param == "conformance":
        with running_server(exported_base / "models.config") as running:
            yield running, exported_base
        return
    if "TF_SERVING_URL" not in os.environ:
        pytest.skip("TF_SERVING_URL is not set")
    yield (
        RunningServer(os.environ["TF_SERVING_URL"], os.environ["TF_SERVING_GRPC"]),
        Path(os.environ["TF_SERVING_BASE"]),
    )


@pytest.fixture(params=["rest", "grpc"])
def connected(server, request):
    running, _ = server
    return client.RestClient(running.url) if request.param == "rest" else client.GrpcClient(running.grpc)


def post(url: str, body) -> tuple[int, dict]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_every_signature_answers_as_the_keras_model(connected, server):
    calls = good_calls(server[1])
    assert {outcome(connected, call) for call in calls} == {"right"}


def test_every_bad_request_is_refused(connected):
    assert [outcome(connected, call) for call in bad_calls()] == ["refused"] * len(bad_calls())


def test_metadata_are_the_signatures(connected, server):
    signatures = json.loads((ROOT / "export" / "signatures.json").read_text())
    metadata = connected.metadata("classifier")
    assert {name: {side: set(found[side]) for side in found} for name, found in metadata.items()} == {
        name: {side: set(wanted[side]) for side in wanted} for name, wanted in signatures["classifier"].items()
    }
    assert metadata["serving_uint8"]["inputs"]["images"]["dtype"] == "DT_UINT8"


def test_versions_are_chosen_by_number_and_by_label(connected, server):
    call = good_calls(server[1])[0]
    for version in (1, "stable", "canary"):
        assert connected.predict(call.model, call.inputs, call.signature, version).keys() == call.outputs.keys()
    with pytest.raises(client.RequestError, match=r"404|NOT_FOUND"):
        connected.predict(call.model, call.inputs, call.signature, 99)


def test_rest_rows_are_what_columns_are(server):
    url = f"{server[0].url}/v1/models/positive_generator:predict"
    status, rows = post(url, {"signature_name": "sample_rows", "instances": [3, 4]})
    assert status == 200
    _, columns = post(url, {"signature_name": "sample_rows", "inputs": {"seeds": [3, 4]}})
    np.testing.assert_array_equal(rows["predictions"], columns["outputs"])
    _, png = post(url, {"signature_name": "sample_png", "instances": [{"seeds": 3}]})
    assert set(png["predictions"][0]) == {"b64"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"instances": []}',
        b'{"instances": [1], "inputs": [1]}',
        b'{"inputs": {}}',
        b'{"instances": [[1, 2], [3]]}',
        b'{"signature_name": 7, "instances": [1]}',
        b'{"signature_name": "none", "instances": [1]}',
        b'{"signature_name": "serving_bytes", "instances": [{"b64": "!"}]}',
        b'{"signature_name": "sample", "instances": [{"num_samples": 1, "seed": 1}]}',
    ],
)
def test_malformed_rest_requests_are_refused(server, body):
    model = "positive_generator" if b'"sample"' in body else "classifier"
    status, answer = post(f"{server[0].url}/v1/models/{model}:predict", body)
    assert 400 <= status < 500
    assert answer["error"]


def test_one_bad_image_fails_its_own_request_with_a_clear_message(connected):
    good = tf.io.encode_png(np.zeros((5, 9, 3), np.uint8)).numpy()
    with pytest.raises(client.RequestError, match=r"Expected image_bytes\[1\] to be PNG or JPEG"):
        connected.predict("classifier", {"image_bytes": [good, b"bad"]}, "serving_bytes")
    assert connected.predict("classifier", {"image_bytes": [good]}, "serving_bytes")["label"].shape == (1,)


def test_the_client_as_a_program(server, tmp_path):
    png = tmp_path / "image.png"
    png.write_bytes(tf.io.encode_png(np.zeros((8, 8, 1), np.uint8)).numpy())

    def run(*arguments: str) -> subprocess.CompletedProcess:
        program = [sys.executable, str(ROOT / "export" / "client.py")]
        return subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)

    for where in (["--url", server[0].url], ["--grpc", server[0].grpc]):
        assert run(*where, "classify", str(png)).stdout.startswith(f"{png}: ")
        drawn = run(*where, "draw", "--seeds", "1,2", "--to", str(tmp_path / "drawn"))
        assert [Path(line).read_bytes()[:4] for line in drawn.stdout.splitlines()] == [b"\x89PNG"] * 2
    assert json.loads(run("--url", server[0].url, "metadata").stdout).keys() >= {"serving_default"}
    refused = run("--url", server[0].url, "classify", str(ROOT / "README.md"))
    assert (refused.returncode, refused.stderr.count("Traceback")) == (2, 0)
    assert "to be PNG or JPEG, got other bytes" in refused.stderr


def check_storm(base: Path, requests: int, bad_share: float) -> list[dict]:
    """Runs a storm against the conformance server; its reports, with the server's memory."""
    with running_server(base / "models.config") as running:
        clients = [client.RestClient(running.url), client.GrpcClient(running.grpc)]
        reports = []
        for report in storm(clients, base, requests, bad_share):
            reports.append({**report, "server_megabytes": round(resident_megabytes(running.pid), 1)})
            print(json.dumps(reports[-1]), flush=True)
    last = reports[-1]
    assert set(last) <= {"requests", "seconds", "server_megabytes", "good right", "bad refused"}, last
    assert last["good right"] + last.get("bad refused", 0) == requests
    return reports


def test_a_small_storm_is_answered_rightly(exported_base):
    check_storm(exported_base, 300, bad_share=0.1)


@pytest.mark.soak
def test_a_storm_of_ten_thousand_requests(exported_base):
    reports = check_storm(exported_base, 10_000, bad_share=0.01)
    (RESULTS / "serving_storm.json").write_text(json.dumps(reports, indent=1) + "\n")
    # The first tenth is the warm-up.
    memory = [report["server_megabytes"] for report in reports]
    assert max(memory) - memory[0] < 50, memory


def check_fuzz(base: Path, requests: int) -> dict:
    """Sends fuzzed REST requests; how many got each status, and how far the server's memory rose after a tenth."""
    dice, statuses = random.Random(0), collections.Counter()
    with running_server(base / "models.config") as running:
        for number in range(requests):
            model = dice.choice(["classifier", "positive_generator"])
            status, _ = post(f"{running.url}/v1/models/{model}:predict", fuzzed_body(dice))
            statuses[status] += 1
            if number == requests // 10:
                before = resident_megabytes(running.pid)
        risen = resident_megabytes(running.pid) - before
        good = good_calls(base)[0]
        assert outcome(client.RestClient(running.url), good) == "right"
    assert set(statuses) <= {200, 400, 404}, statuses
    return {"requests": requests, "statuses": dict(statuses), "memory_rose_megabytes": round(risen, 1)}


def test_a_few_fuzzed_requests_are_answered_or_refused(exported_base):
    statuses = check_fuzz(exported_base, 200)["statuses"]
    assert statuses[200] > 0
    assert statuses[400] > 0


@pytest.mark.soak
def test_five_thousand_fuzzed_requests(exported_base):
    report = check_fuzz(exported_base, 5000)
    assert report["memory_rose_megabytes"] < 50
    (RESULTS / "fuzzed_requests.json").write_text(json.dumps(report, indent=1) + "\n")
