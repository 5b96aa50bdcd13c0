"""The precision of the networks' products: named, or the one that suits this machine; weights stay float32."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUTO, PRECISIONS
from nlgan_tf.errors import InputError

FLOAT32, BFLOAT16 = "float32", "bfloat16"
# First compute capability of NVIDIA's GPUs that multiply bfloat16 (Ampere).
BFLOAT16_CAPABILITY = (8, 0)
# Instructions of x86 processors for products of bfloat16. Tiles (AMX) and vectors (AVX-512) both measured faster than
# float32 on a training step: results/step-time.md.
BFLOAT16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16")


class Precision(NamedTuple):
    """A precision with the reason for it.

    Attributes:
        name: "float32", "bfloat16" or "float16".
        reason: Why, in words, for the console.
    """

    name: str
    reason: str


def choose_precision(name: str = AUTO) -> Precision:
    """Returns the precision of this name; "auto": bfloat16 where this machine multiplies bfloat16, else float32.

    Raises:
        InputError: For an unknown name.
    """
    if name not in PRECISIONS:
        raise InputError(f"Expected precision to be one of {', '.join(PRECISIONS)}; got {name!r}")
    if name != AUTO:
        return Precision(name, "as asked")
    if gpus := tf.config.list_physical_devices("GPU"):
        return _of_gpu(tf.config.experimental.get_device_details(gpus[0]))
    return of_processor(Path("/proc/cpuinfo"))


def _of_gpu(details: dict) -> Precision:
    name = details.get("device_name", "the GPU")
    if details.get("compute_capability", (0, 0)) >= BFLOAT16_CAPABILITY:
        return Precision(BFLOAT16, f"{name} multiplies bfloat16")
    return Precision(FLOAT32, f"{name} does not multiply bfloat16")


def of_processor(cpuinfo: Path) -> Precision:
    """Returns the precision for a processor.

    Args:
        cpuinfo: Linux's description of the processors; another system has none, and gets float32.
    """
    text = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.is_file() else ""
    flags = set((re.search(r"^flags\s*:(.*)$", text, re.MULTILINE) or [""])[0].split())
    for instructions in BFLOAT16_INSTRUCTIONS:
        if instructions in flags:
            return Precision(BFLOAT16, f"the processor has {instructions}")
    return Precision(FLOAT32, f"the processor is not known to have {' or '.join(BFLOAT16_INSTRUCTIONS)}")


@contextlib.contextmanager
def computing_in(precision: str | None) -> Iterator[None]:
    """Within it new networks multiply in this precision, as by Keras's policies "mixed_bfloat16" and "mixed_float16".

    Weights, spectral norms, losses, statistics of batch norm, optimizers and averages are float32 in each.

    Args:
        precision: Name, as `choose_precision` takes it; None: Keras's present policy.

    Raises:
        InputError: For an unknown name.
    """
    before = keras.mixed_precision.global_policy()
    if precision is not None:
        name = choose_precision(precision).name
        keras.mixed_precision.set_global_policy(FLOAT32 if name == FLOAT32 else f"mixed_{name}")
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)


def float32_copy(network: keras.Model) -> keras.Model:
    """Returns the same network computing in float32 alone, with the same weights; a float32 network as it is.

    Args:
        network: Functional model, built; its parts may be models.
    """
    description = network.to_json()
    in_float32 = description.replace('"mixed_bfloat16"', '"float32"').replace('"mixed_float16"', '"float32"')
    if in_float32 == description:
        return network
    copy = keras.models.model_from_json(in_float32)
    copy.set_weights(network.get_weights())
    return copy
