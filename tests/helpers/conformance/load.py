"""Good and bad requests to a server of our models, with the wanted answers, and many of them at once."""

from __future__ import annotations

import collections
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

import client
from nlgan_tf.export.replay import read_records

BAD_CODES = {"INVALID_ARGUMENT", 400, 404, "NOT_FOUND"}


@dataclass(frozen=True)
class Call:
    """One request, and the wanted answer; None for a refusal."""

    model: str
    signature: str
    inputs: dict
    outputs: dict[str, np.ndarray] | None


def good_calls(base: Path) -> list[Call]:
    """The warm-up records of all models below a base, with the Keras models' answers."""
    return [
        Call(
            record.request.model_spec.name,
            record.request.model_spec.signature_name,
            {name: tf.make_ndarray(value) for name, value in record.request.inputs.items()},
            {name: tf.make_ndarray(value) for name, value in record.response.outputs.items()},
        )
        for version in sorted(base.glob("*/[0-9]*"))
        for record in read_records(version)
    ]


def bad_calls() -> list[Call]:
    """Requests that no server of these models may answer."""

    def classifier(signature: str, **inputs) -> Call:
        return Call("classifier", signature, inputs, None)

    def generator(signature: str, **inputs) -> Call:
        return Call("positive_generator", signature, inputs, None)

    return [
        classifier("serving_bytes", image_bytes=[b"no image"]),
        classifier("serving_bytes", image_bytes=[]),
        classifier("serving_default", images=np.zeros((1, 8, 9, 1), np.float32)),
        classifier("serving_default", pixels=np.zeros((1, 8, 8, 1), np.float32)),
        classifier("serving_default", images=[[["text"]]]),
        generator("sample", num_samples=5000, seed=0),
        generator("sample_rows", seeds=[]),
        generator("serving_default", latent=np.zeros((2, 3), np.float32)),
        Call("nobody", "serving_default", {"images": [0.0]}, None),
    ]


def fuzzed_body(dice: random.Random) -> bytes:
    """A REST request of which a part is exchanged, or bytes are changed or cut off."""
    odd = [None, True, -1, 0.5, 2**70, float("nan"), "", "text", [], {}, [[1, 2], [3]], {"b64": "!"}, {"b64": "AAAA"}]
    signatures = ["serving_default", "serving_uint8", "serving_bytes", "sample", "sample_rows", "sample_png", "none"]
    tensor = np.random.default_rng(dice.getrandbits(32)).integers(-300, 300, [dice.randrange(4) for _ in range(4)])
    values = [
        *odd,
        tensor.tolist(),
        [dice.choice(odd) for _ in range(dice.randrange(4))],
        np.zeros((2, 8, 8, 1)).tolist(),
    ]
    names = ["images", "image_bytes", "latent", "seeds", "num_samples", "seed", "nothing"]
    named = {name: dice.choice(values) for name in dice.sample(names, dice.randrange(3))}
    if dice.random() < 0.1:
        return _spoiled(dice, {"signature_name": "sample_rows", "instances": [dice.randrange(9), -1]})
    body = {
        "signature_name": dice.choice([*signatures, *odd]),
        dice.choice(["instances", "inputs", "neither"]): dice.choice([named, [named], dice.choice(values)]),
    }
    return _spoiled(dice, body)


def _spoiled(dice: random.Random, body: dict) -> bytes:
    text = bytearray(json.dumps(body).encode())
    if dice.random() < 0.2:
        text[dice.randrange(len(text))] = dice.randrange(256)
    return bytes(text[: dice.randrange(len(text))] if dice.random() < 0.1 else text)


def is_right(call: Call, answer: dict[str, np.ndarray]) -> bool:
    """Whether the answer is the Keras model's, to 1e-5 of the range; PNG to one grey level."""
    if call.outputs is None or answer.keys() != call.outputs.keys():
        return False
    for name, expected in call.outputs.items():
        if name == "png_bytes":
            pairs = zip(answer[name], expected, strict=True)
            close = all(
                np.abs(tf.io.decode_png(got).numpy().astype(int) - tf.io.decode_png(wanted).numpy()).max() <= 1
                for got, wanted in pairs
            )
        elif expected.dtype == np.float32:
            close = np.allclose(answer[name], expected, rtol=0, atol=1e-5 * (255 if name == "images" else 1))
        else:
            close = np.array_equal(answer[name], expected)
        if not close:
            return False
    return True


def outcome(server_client: client.RestClient | client.GrpcClient, call: Call) -> str:
    """ "right", "wrong", "refused" or the failure of one call."""
    try:
        answer = server_client.predict(call.model, call.inputs, call.signature)
    except client.RequestError as error:
        return "refused" if error.code in BAD_CODES else f"failed: {error}"
    return "right" if is_right(call, answer) else "wrong"


def resident_megabytes(pid: int) -> float:
    """A process's resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def storm(
    clients: list[client.RestClient | client.GrpcClient],
    base: Path,
    requests: int,
    bad_share: float = 0.01,
    in_flight: int = 64,
    seed: int = 0,
) -> Iterator[dict]:
    """Sends good and bad requests, `in_flight` at a time, and reports after each tenth of them.

    Yields:
        `requests` sent so far, `seconds`, and the number of each (`sent`, `outcome`) pair.
    """
    dice, good, bad = random.Random(seed), good_calls(base), bad_calls()
    counts: collections.Counter = collections.Counter()
    start = time.perf_counter()

    def send(_: int) -> tuple[str, str]:
        call = dice.choice(bad if dice.random() < bad_share else good)
        return ("bad" if call.outputs is None else "good", outcome(dice.choice(clients), call))

    with ThreadPoolExecutor(in_flight) as pool:
        for tenth in range(10):
            share = range(requests * tenth // 10, requests * (tenth + 1) // 10)
            counts.update(pool.map(send, share))
            sent = {f"{kind} {result}": number for (kind, result), number in sorted(counts.items())}
            yield {"requests": share.stop, "seconds": round(time.perf_counter() - start, 1), **sent}
