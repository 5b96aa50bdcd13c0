"""How long each product of a training step takes within the step, by TensorFlow's profiler."""

from __future__ import annotations

import collections
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

import nlgan_tf as nl
from contenders.products import FORWARD, INPUT_GRADIENT, KERNEL_GRADIENT, Product, step_products

Place = tuple[str, str]
# What may follow a product within one operation; a custom gradient adds an identity.
FUSED = ("IdentityN", "BiasAdd", "LeakyRelu")


def operation_seconds(model: nl.NLGAN, batch: tuple, steps: int) -> dict[Place, float]:
    """Returns the seconds of a step in the products of each layer and part.

    An operation takes its least time, from start to end, with the bias and the activation that TensorFlow fuses into
    it: as the limits, the best of many.

    Args:
        model: NLGAN, which trains on.
        batch: Images and labels, of known size.
        steps: Number of steps, after two that are not counted.
    """
    step = tf.function(model.train_step)
    for _ in range(2):
        step(batch)
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(steps):
            step(batch)
        tf.profiler.experimental.stop()
        durations = _durations(Path(folder))
    places = places_of(step.get_concrete_function(batch).graph, step_products(model, len(batch[0])))
    seconds = collections.Counter()
    for name, its_durations in durations.items():
        if name in places:
            seconds[places[name]] += min(its_durations) * len(its_durations) / steps
    return dict(seconds)


def _durations(folder: Path) -> dict[str, list[float]]:
    """The seconds of each run of the operations that multiply, by their names in the graph."""
    found = collections.defaultdict(list)
    for file in folder.rglob("*.xplane.pb"):
        for plane in xplane_pb2.XSpace.FromString(file.read_bytes()).planes:
            for event in (event for line in plane.lines for event in line.events):
                # "name:type"; the name may begin with that of a call.
                name, _, kind = plane.event_metadata[event.metadata_id].name.partition(":")
                if "MatMul" in kind or "Conv2D" in kind:
                    found[name.removeprefix("StatefulPartitionedCall/")].append(event.duration_ps * 1e-12)
    return found


def places_of(graph: tf.Graph, products: Sequence[Product]) -> dict[str, Place]:
    """Returns layer and part of each operation that computes a product, by its name in the graph.

    Operations are told by the shape of the layer's kernel. An operation that TensorFlow fuses with a bias or an
    activation has the name of the last one, so that these names stand for the product, too.
    """
    kernels = {(_kernel(product), _kind(product)): (product.layer, product.part) for product in products}
    places = {}
    for operation in graph.get_operations():
        # The products of a matrix and a vector are those of spectral normalisation.
        if "MatVec" in operation.name:
            continue
        place = next((kernels[key] for key in _keys(operation) if key in kernels), None)
        while place is not None and operation is not None:
            places[operation.name] = place
            operation = next((consumer for consumer in _consumers(operation) if consumer.type in FUSED), None)
    return places


def _consumers(operation: tf.Operation) -> Iterator[tf.Operation]:
    for output in operation.outputs:
        yield from output.consumers()


def _kind(product: Product) -> str:
    """The operation of a convolution, the part of a product of matrices."""
    return product.convolution.operation if product.convolution else product.part


def _kernel(product: Product) -> tuple[int, ...]:
    if product.convolution:
        return product.convolution.kernel
    m, k, n = product.matrix
    return {FORWARD: (k, n), KERNEL_GRADIENT: (m, n), INPUT_GRADIENT: (n, k)}[product.part]


def _keys(operation: tf.Operation) -> Iterator[tuple[tuple, str]]:
    """Yields the kernels that an operation may have, each with what the operation then computes."""
    if operation.type in ("Conv2D", "Conv2DBackpropInput"):
        yield _shape(operation.inputs[1]), operation.type
    elif operation.type == "Conv2DBackpropFilter":
        yield _shape(operation.outputs[0]), operation.type
    elif operation.type == "MatMul":
        a, b = operation.inputs
        yield _shape(operation.outputs[0]), KERNEL_GRADIENT
        yield _shape(b), INPUT_GRADIENT if operation.get_attr("transpose_b") else FORWARD
        yield _shape(a), FORWARD if operation.get_attr("transpose_a") else INPUT_GRADIENT


def _shape(tensor: tf.Tensor) -> tuple[int | None, ...]:
    return tuple(tensor.shape.as_list())
