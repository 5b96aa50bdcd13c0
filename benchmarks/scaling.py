"""Steps per second on one device, on two logical CPU devices and in two processes, and what a step exchanges.

    python benchmarks/scaling.py --networks mnist --steps 20 --json results/scaling.json

Each place is a process of its own; the global batch is the same everywhere. Bytes and exchanges are counted in the
traced step of two processes: every all-reduce and its size. Two logical devices share the machine's cores, so they
show the cost of the exchange without a gain. The estimates are those of `estimate`.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time

from lines import writable

BATCH = 128
WARMUP = 3
NETWORKS = {"digits": ((16, 16, 1), "modern"), "mnist": ((28, 28, 1), "paper"), "cifar10": ((32, 32, 3), "paper")}
# By place: replicas, bytes a second between two replicas, seconds of an exchange beside its bytes.
TARGETS = {
    "8 GPUs, NVLink": (8, 200e9, 30e-6),
    "4 machines, 10 Gbit/s": (4, 1.1e9, 300e-6),
}
# FLOP a second of a GPU that computes such small convolutions in float32; an assumption.
GPU_FLOPS = 8e12
STEP_FLOP = {"mnist": 31e9}


def estimate(replicas: int, compute: float, size: int, exchanges: int, bandwidth: float, latency: float) -> float:
    """Returns seconds a step: compute / n + 2 (n - 1) / n size / bandwidth + exchanges latency.

    The global batch is shared by n replicas; a ring all-reduce sends 2 (n - 1) / n of its bytes through each.
    """
    return compute / replicas + 2 * (replicas - 1) / replicas * size / bandwidth + exchanges * latency


def child(place: str, networks: str, steps: int) -> dict:
    """Returns median seconds of a step in this process, and the exchanges where several processes train."""
    import numpy as np

    from nlgan_tf.training.distribution import make_strategy

    strategy = make_strategy(*{"one": ("none",), "two devices": ("mirrored", "2"), "two processes": ()}[place])
    import nlgan_tf as nl

    shape, recipe = NETWORKS[networks]
    with strategy.scope():
        model = nl.build_nlgan(shape, nl.NoisePriors(0.7, 0.85), recipe)
    images = np.random.default_rng(0).integers(0, 256, (1000, *shape), dtype=np.uint8)
    dataset = nl.noisy_dataset(images, np.arange(1000) % 2, BATCH, samples_per_epoch=BATCH * (WARMUP + steps))
    iterator = iter(strategy.experimental_distribute_dataset(dataset))
    model.make_train_function()
    seconds = []
    for _ in range(WARMUP + steps):
        start = time.perf_counter()
        float(model.train_function(iterator)["loss"])
        seconds.append(time.perf_counter() - start)
    report = {"seconds": statistics.median(seconds[WARMUP:])}
    if place == "two processes":
        graph = model.train_function.get_concrete_function(iterator).graph
        sizes = [op.inputs[0] for op in graph.get_operations() if op.type.startswith("CollectiveReduce")]
        report["exchanges"] = len(sizes)
        report["bytes"] = sum(tensor.shape.num_elements() * tensor.dtype.size for tensor in sizes)
    return report


def measure(place: str, networks: str, steps: int) -> dict:
    """Returns the report of a process, or of the first of two, at the place."""
    command = [sys.executable, __file__, "--child", place, "--networks", networks, "--steps", str(steps)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        for environment in (_tf_configs() if place == "two processes" else [{}])
    ]
    outputs = [process.communicate()[0] for process in processes]
    return json.loads(outputs[0].splitlines()[-1])


def _tf_configs() -> list[dict[str, str]]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = ["{}:{}".format(*one.getsockname()) for one in sockets]
    for one in sockets:
        one.close()
    cluster = {"worker": addresses}
    return [
        {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})}
        for index in range(2)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", choices=NETWORKS, default="mnist")
    parser.add_argument("--steps", type=int, default=20, help="counted steps (default: 20)")
    parser.add_argument("--json", type=writable, help="file to write")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(child(arguments.child, arguments.networks, arguments.steps)))
        return
    places = ("one", "two devices", "two processes")
    report = {"networks": arguments.networks, "processors": os.cpu_count()}
    report |= {place: measure(place, arguments.networks, arguments.steps) for place in places}
    exchange = report["two processes"]
    for place in places:
        print(f"{place}: {1 / report[place]['seconds']:.2f} steps/s")
    print(f"exchanged a step: {exchange['bytes'] / 1e6:.1f} MB in {exchange['exchanges']} all-reduces")
    for name, (replicas, bandwidth, latency) in TARGETS.items():
        on_gpu = "GPU" in name and arguments.networks in STEP_FLOP
        compute = STEP_FLOP[arguments.networks] / GPU_FLOPS if on_gpu else report["one"]["seconds"]
        seconds = estimate(replicas, compute, exchange["bytes"], exchange["exchanges"], bandwidth, latency)
        report[name] = {"compute": compute, "seconds": seconds, "speedup": compute / seconds}
        print(f"{name}, estimated: {1000 * compute:.1f} ms alone, {1000 * seconds:.1f} ms, x {compute / seconds:.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
