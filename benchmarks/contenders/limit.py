"""The machine's limits for a step: its FLOPs at measured rates, plus Adam's bytes at the measured memory bandwidth.

By layer each product of the step is timed alone, in its shape and type: as a product of matrices in each layout, and
as oneDNN's convolution where it is one. By squares all FLOPs run at the best rate of square float32 matrices.
"""

from __future__ import annotations

import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator

import tensorflow as tf

import nlgan_tf as nl
from contenders.products import Convolution, step_products

SQUARES = (1024, 2048, 4096, 8192)
# Timings of every kernel of a product, and of the fastest ones once more.
TRIALS, REPEATS, FASTEST = 3, 20, 3


def step_flops(model: nl.NLGAN, batch: int) -> float:
    """Returns the FLOPs of the products of one of our steps, 2 a multiply-add."""
    return sum(product.flops for product in step_products(model, batch))


def square_limit(model: nl.NLGAN, batch: int) -> dict[str, float]:
    """Returns the seconds of a step by the rate of squares, with what they come from."""
    rate = max(matrix_product_rate(size) for size in SQUARES)
    flops = step_flops(model, batch)
    adam = adam_seconds(model)
    return {"seconds": flops / rate + adam["adam_seconds"], "flops": flops, "flops_per_second": rate, **adam}


def layer_limit(model: nl.NLGAN, batch: int, dtype: str) -> dict:
    """Returns the seconds of a step by layer in a type, "float32" or "bfloat16", and what they come from.

    `products` has a row for each layer and part: FLOPs and the least seconds of a step. `whole_seconds` are those of
    kernels that compute a convolution from its images on, which a product of matrices does not.
    """
    rows: dict[tuple[str, str], dict] = {}
    for product in step_products(model, batch):
        names = {"layer": product.layer, "part": product.part}
        row = rows.setdefault(
            (product.layer, product.part), {**names, "flops": 0.0, "seconds": 0.0, "whole_seconds": 0.0}
        )
        least, least_whole = least_seconds(product.matrix, product.convolution, dtype)
        row["flops"] += product.flops
        row["seconds"] += product.count * least
        row["whole_seconds"] += product.count * least_whole
    adam = adam_seconds(model)
    sums = {
        name: sum(row[name] for row in rows.values()) + adam["adam_seconds"] for name in ("seconds", "whole_seconds")
    }
    return {**sums, **adam, "products": [*rows.values()]}


def least_seconds(matrix: tuple[int, int, int], convolution: Convolution | None, dtype: str) -> tuple[float, float]:
    """Returns the least seconds of one product: by any kernel, without what im2col would take; by whole kernels."""
    kernels = sorted(_matrix_products(matrix, dtype), key=lambda kernel: _best_seconds(kernel, TRIALS))
    as_matrices = min(_best_seconds(kernel, REPEATS) for kernel in kernels[:FASTEST])
    if convolution is None:
        return as_matrices, as_matrices
    whole = _best_seconds(_convolution(convolution, dtype), REPEATS)
    return min(as_matrices, whole), whole


def _matrix_products(matrix: tuple[int, int, int], dtype: str) -> Iterator[Callable[[], tf.Tensor]]:
    """Yields the product, and that of the transposes, for each layout of the factors in memory."""
    m, k, n = matrix
    for (rows, columns), a_turned, b_turned in itertools.product([(m, n), (n, m)], [False, True], [False, True]):
        a = _random((k, rows) if a_turned else (rows, k), dtype)
        b = _random((columns, k) if b_turned else (k, columns), dtype)
        # Eagerly: a call costs a tenth of a tf.function's.
        yield functools.partial(tf.raw_ops.MatMul, a=a, b=b, transpose_a=a_turned, transpose_b=b_turned)


def _convolution(convolution: Convolution, dtype: str) -> Callable[[], tf.Tensor]:
    operation = getattr(tf.raw_ops, convolution.operation)
    settings = {"strides": [1, convolution.stride, convolution.stride, 1], "padding": "SAME"}
    images, kernel, outputs = (
        _random(shape, dtype) for shape in (convolution.images, convolution.kernel, convolution.outputs)
    )
    factors = {
        "Conv2D": {"input": images, "filter": kernel},
        "Conv2DBackpropFilter": {"input": images, "filter_sizes": convolution.kernel, "out_backprop": outputs},
        "Conv2DBackpropInput": {"input_sizes": convolution.images, "filter": kernel, "out_backprop": outputs},
    }[convolution.operation]
    return functools.partial(operation, **factors, **settings)


def _random(shape: tuple[int, ...], dtype: str) -> tf.Tensor:
    return tf.cast(tf.random.stateless_uniform(shape, (0, 1), -1.0, 1.0), dtype)


@functools.cache
def matrix_product_rate(size: int) -> float:
    """Returns the best FLOP/s of products of square float32 matrices, measured once: large ones take seconds."""
    matrix = _random((size, size), "float32")
    product = functools.partial(tf.raw_ops.MatMul, a=matrix, b=matrix)
    return 2.0 * size**3 / _best_seconds(product, repeats=max(2, 4096 // size))


def adam_seconds(model: nl.NLGAN) -> dict[str, float]:
    """Returns the seconds of Adam's bytes on all weights, the bytes, and the bandwidth."""
    weights = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    # Adam reads gradient, weight and two moments, and writes the last three.
    adam_bytes = 7 * 4 * weights
    bandwidth = memory_bandwidth()
    return {"adam_seconds": adam_bytes / bandwidth, "adam_bytes": adam_bytes, "bytes_per_second": bandwidth}


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
