"""A tf.distribute strategy by name: one device, several of one machine, or several machines.

`with strategy.scope(): model = build_nlgan(...)`, then `model.fit(...)`, as with any Keras model. The global batch
stays what it was on one device; each replica takes its part of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

from nlgan_tf.config import STRATEGIES
from nlgan_tf.errors import InputError
from nlgan_tf.training.replicas import spans_machines

Made = TypeVar("Made")


def make_strategy(name: str = "auto", devices: str | None = None) -> tf.distribute.Strategy:
    """The strategy of this name.

    Args:
        name: Name of the strategy. "none": one device. "mirrored": all devices of this machine. "multiworker": all
            machines of the environment variable TF_CONFIG, before any other TensorFlow operation. "auto":
            "multiworker" where TF_CONFIG names several machines, else "mirrored" with two or more GPUs, else "none".
        devices: Devices for "mirrored" (and "auto", which then takes it): names such as "GPU:0,GPU:1", or a number of
            devices. A number on a machine without GPUs splits its CPU into so many logical devices, which is good for
            a trial and gains no speed. None: every GPU.

    Raises:
        InputError: For an unknown name, devices that do not exist, or a missing TF_CONFIG.
    """
    if name not in STRATEGIES:
        raise InputError(f"Expected strategy to be one of {', '.join(STRATEGIES)}; got {name!r}")
    if name == "auto":
        name = _automatic(devices)
    if devices is not None and name != "mirrored":
        raise InputError(f"Expected devices with strategy 'mirrored' alone, got devices={devices!r} with {name!r}")
    if name == "multiworker":
        return _multiworker()
    if name == "none":
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy(_device_names(devices))


class Processes:
    """The processes that train together: which one writes, and what they agree on. Without a strategy, this one.

    Attributes:
        chief: Whether this process writes: the only one, or the chief (else worker 0) of TF_CONFIG.
        several: Whether several processes train together.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None) -> None:
        self.several = strategy is not None and spans_machines(strategy)
        self.chief = not self.several or _is_chief(strategy.cluster_resolver)
        self._replicas = strategy.num_replicas_in_sync if self.several else 1

        @tf.function(autograph=False, input_signature=[tf.TensorSpec((), tf.float64)])
        def total(value: tf.Tensor) -> tf.Tensor:
            return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(lambda: value), axis=None)

        self._total = total

    def wait(self) -> None:
        """Waits until all processes have come here."""
        self.any(False)

    def chief_first(self, make: Callable[[], Made]) -> Made:
        """Returns what `make` returns, called by the chief before the others; all go on together."""
        if self.chief:
            made = make()
            self.wait()
        else:
            self.wait()
            made = make()
        self.wait()
        return made

    def any(self, flag: bool) -> bool:
        """Returns whether the flag is raised in any process. All processes must ask at the same step."""
        return float(self._total(float(flag))) > 0 if self.several else flag

    def check_same(self, value: int) -> None:
        """InputError unless all processes ask with the same value: they read different run folders."""
        if self.several and float(self._total(float(value))) != value * self._replicas:
            raise InputError("Expected one run folder that all machines see, got different checkpoints")


def _is_chief(resolver: tf.distribute.cluster_resolver.ClusterResolver) -> bool:
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_id == 0


def _automatic(devices: str | None) -> str:
    if devices is not None:
        return "mirrored"
    if sum(map(len, _cluster().values())) > 1:
        return "multiworker"
    return "mirrored" if len(tf.config.list_physical_devices("GPU")) > 1 else "none"


def _cluster() -> dict:
    """The machines of TF_CONFIG by their kind of task; empty without it."""
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        cluster = json.loads(text).get("cluster", {})
        return {task: list(addresses) for task, addresses in cluster.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f"Expected TF_CONFIG to be JSON with cluster and task, got {text!r}") from error


def _multiworker() -> tf.distribute.Strategy:
    if not _cluster():
        raise InputError("Expected TF_CONFIG with cluster and task for strategy 'multiworker', got none")
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise ConnectionError("the other machines of TF_CONFIG did not answer: start all of them") from error
    except RuntimeError as error:
        raise InputError(
            "Expected strategy 'multiworker' before any TensorFlow operation, got operations before the strategy"
        ) from error


def _device_names(devices: str | None) -> list[str]:
    if devices is None or devices.strip().isdigit():
        return _first_devices(devices)
    names = [name.strip().upper() for name in devices.split(",")]
    present = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    if not set(names) <= set(present) or len(set(names)) < len(names):
        raise InputError(f"Expected devices to be different ones of {', '.join(present)}; got {devices!r}")
    return names


def _first_devices(number: str | None) -> list[str]:
    gpus = len(tf.config.list_physical_devices("GPU"))
    wanted = int(number) if number is not None else max(gpus, 1)
    if wanted < 1 or (gpus and wanted > gpus):
        raise InputError(f"Expected devices from 1 to {max(gpus, 1)}, got {number}; GPUs found: {gpus}")
    if not gpus:
        _split_cpu(wanted)
    return [f"{'GPU' if gpus else 'CPU'}:{index}" for index in range(wanted)]


def _split_cpu(parts: int) -> None:
    """Logical CPU devices, unless TensorFlow has started with enough of them."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * parts)
    except RuntimeError as error:  # TensorFlow has started.
        if len(tf.config.list_logical_devices("CPU")) < parts:
            raise InputError(f"Expected devices={parts} on CPU before TensorFlow starts, got a started one") from error
