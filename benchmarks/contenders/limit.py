"""The machine's limit for a step: analytic FLOPs at the best measured matrix-product rate, plus Adam's bytes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import keras
import tensorflow as tf

import nlgan_tf as nl


def step_flops(model: nl.NLGAN, batch: int) -> float:
    """Returns the FLOPs of one of our steps, 2 a multiply-add, without elementwise work.

    Counted are a forward pass of G on `batch` images and of D on twice as many, and the gradients that updates need.
    """
    first_d, *deep = _multiply_adds(model.discriminator)
    d, d_inner = first_d + sum(deep), sum(deep)
    first_g, *deep = _multiply_adds(model.positive_generator)
    g = first_g + sum(deep)
    # D: forward and weight gradients on 2 batch; input gradients of all but the first layer for its own loss, and of
    # all layers on the generated images for the generators' loss. G needs no gradient of z.
    return 2.0 * (2 * batch * (2 * d + d_inner) + batch * d + batch * (3 * g - first_g))


def _multiply_adds(network: keras.Model) -> list[float]:
    """Returns the multiply-adds of one image in each layer with a kernel."""
    counts = []
    for layer in network.layers:
        inner = getattr(layer, "layer", layer)
        if hasattr(inner, "kernel"):
            # A kernel is applied once at each output pixel; a transposed one at each input pixel.
            shape = layer.input.shape if "Transpose" in type(inner).__name__ else layer.output.shape
            counts.append(math.prod(inner.kernel.shape) * math.prod(shape[1:-1]))
    return counts


def step_limit(model: nl.NLGAN, batch: int) -> dict[str, float]:
    """Returns the seconds of a step, with the rates behind them."""
    rate = max(matrix_product_rate(size) for size in (1024, 2048, 4096, 8192))
    bandwidth = memory_bandwidth()
    weights = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    # Adam reads gradient, weight and two moments, and writes the last three.
    adam_bytes = 7 * 4 * weights
    flops = step_flops(model, batch)
    return {
        "seconds": flops / rate + adam_bytes / bandwidth,
        "flops": flops,
        "flops_per_second": rate,
        "adam_bytes": adam_bytes,
        "bytes_per_second": bandwidth,
    }


def matrix_product_rate(size: int) -> float:
    """Returns the best FLOP/s of products of square float32 matrices."""
    matrix = tf.random.stateless_uniform((size, size), (0, 1))
    product = tf.function(lambda: tf.matmul(matrix, matrix))
    return 2.0 * size**3 / _best_seconds(product, repeats=max(2, 4096 // size))


def memory_bandwidth() -> float:
    """Returns the best bytes/s of adding one array to another, both larger than the caches: two reads and a write."""
    target = tf.Variable(tf.ones(32_000_000))
    source = tf.ones(32_000_000)

    @tf.function
    def add() -> None:
        target.assign_add(source)

    return 3.0 * 4 * 32_000_000 / _best_seconds(add, repeats=8)


def _best_seconds(run: Callable[[], object], repeats: int) -> float:
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
