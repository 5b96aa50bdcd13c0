"""The machine's limit for a step: analytic FLOPs at the best measured matrix-product rate, plus Adam's bytes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import tensorflow as tf

FILTERS = (64, 128, 256)


def step_flops(image_shape: tuple[int, int, int], batch: int) -> float:
    """FLOPs of one step as ours counts them: a forward pass of G on `batch` images and of D on twice as many; all
    gradients that an update needs, and none that it does not (2 FLOPs a multiply-add; elementwise work left out)."""
    height, width, channels = image_shape
    levels = 3 if channels == 3 else 2
    first, *convolutions = _convolutions(image_shape, levels)
    features = height * width // 4**levels * FILTERS[levels - 1]
    d_fc = features * 1024 + 1024
    # D: forward and weight gradients on 2 batch; input gradients of all but the first layer for its own loss, and of
    # all layers on the generated images for the generators' loss.
    deep = sum(convolutions) + d_fc
    d = 2 * batch * (2 * (first + deep) + deep) + batch * (first + deep)
    g_first = 100 * 1024
    transposed = sum(_transposed(image_shape, levels))
    g = batch * (3 * (1024 * features + transposed) + 2 * g_first)
    return 2.0 * (d + g)


def _convolutions(image_shape: tuple[int, int, int], levels: int) -> list[float]:
    """Multiply-adds an image of D's 3x3 convolutions."""
    height, width, channels = image_shape
    inputs = (channels, *FILTERS[: levels - 1])
    return [
        height * width / 4**level * 9 * before * after
        for level, (before, after) in enumerate(zip(inputs, FILTERS[:levels], strict=True), start=1)
    ]


def _transposed(image_shape: tuple[int, int, int], levels: int) -> list[float]:
    """Multiply-adds an image of G's 4x4 transposed convolutions: each input pixel reaches 16 output pixels."""
    height, width, channels = image_shape
    sizes = (*reversed(FILTERS[:levels]), channels)
    return [
        height * width / 4 ** (levels - level) * 16 * before * after
        for level, (before, after) in enumerate(itertools.pairwise(sizes))
    ]


def step_limit(image_shape: tuple[int, int, int], batch: int, weights: int) -> dict[str, float]:
    """Seconds of a step that updates so many weights, with the rates behind them."""
    rate = max(matrix_product_rate(size) for size in (1024, 2048, 4096, 8192))
    bandwidth = memory_bandwidth()
    # Adam reads gradient, weight and two moments, and writes the last three.
    adam_bytes = 7 * 4 * weights
    flops = step_flops(image_shape, batch)
    return {
        "seconds": flops / rate + adam_bytes / bandwidth,
        "flops": flops,
        "flops_per_second": rate,
        "adam_bytes": adam_bytes,
        "bytes_per_second": bandwidth,
    }


def matrix_product_rate(size: int) -> float:
    """Best FLOP/s of products of square float32 matrices."""
    matrix = tf.random.stateless_uniform((size, size), (0, 1))
    product = tf.function(lambda: tf.matmul(matrix, matrix))
    return 2.0 * size**3 / _best_seconds(product, repeats=max(2, 4096 // size))


def memory_bandwidth() -> float:
    """Best bytes/s of adding one array to another, both much larger than the caches: two reads and a write."""
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
