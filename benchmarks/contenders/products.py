"""The products of a training step with the kernels of its layers, in the shapes in which the step computes them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import keras

import nlgan_tf as nl

FORWARD, KERNEL_GRADIENT, INPUT_GRADIENT = "forward", "kernel gradient", "input gradient"
# TensorFlow's operation of each part; a transposed convolution is the gradient of a convolution.
CONVOLUTION = {
    FORWARD: "Conv2D",
    KERNEL_GRADIENT: "Conv2DBackpropFilter",
    INPUT_GRADIENT: "Conv2DBackpropInput",
}
TRANSPOSED = {**CONVOLUTION, FORWARD: CONVOLUTION[INPUT_GRADIENT], INPUT_GRADIENT: CONVOLUTION[FORWARD]}


@dataclass(frozen=True)
class Convolution:
    """A convolution with "same" padding, or a gradient of one.

    Attributes:
        images: Shape (n, h, w, c) of the convolution's images.
        kernel: Shape (rows, columns, c, f).
        outputs: Shape (n, h', w', f).
        operation: Operation of TensorFlow, a value of `CONVOLUTION`.
    """

    images: tuple[int, ...]
    kernel: tuple[int, ...]
    outputs: tuple[int, ...]
    operation: str

    @property
    def stride(self) -> int:
        """Stride along both axes."""
        return self.images[1] // self.outputs[1]

    @property
    def matrix(self) -> tuple[int, int, int]:
        """Sizes (m, k, n) of the im2col product (m, k) times (k, n)."""
        pixels, taps, filters = math.prod(self.outputs[:3]), math.prod(self.kernel[:3]), self.kernel[3]
        return {
            CONVOLUTION[FORWARD]: (pixels, taps, filters),
            CONVOLUTION[KERNEL_GRADIENT]: (taps, pixels, filters),
            CONVOLUTION[INPUT_GRADIENT]: (pixels, filters, taps),
        }[self.operation]


@dataclass(frozen=True)
class Product:
    """A product of a step, as often as the step computes it.

    Attributes:
        layer: Network and layer, "D fc" for instance.
        part: "forward", "kernel gradient" or "input gradient".
        matrix: Sizes (m, k, n) of (m, k) times (k, n), for a convolution those of the im2col product.
        convolution: The convolution; None for a product of matrices.
        count: Times a step.
    """

    layer: str
    part: str
    matrix: tuple[int, int, int]
    convolution: Convolution | None
    count: int

    @property
    def flops(self) -> float:
        """FLOPs a step, 2 a multiply-add."""
        return 2.0 * self.count * math.prod(self.matrix)


def step_products(model: nl.NLGAN, batch: int) -> list[Product]:
    """Returns the products of one of our steps on `batch` real images and as many generated ones.

    D takes real and generated images in one call each up to its dropout, and together from there on. D has the
    gradients of its own loss, and for the generators' loss the input gradients of the generated images. Each generator
    draws half a batch, and has no gradient of z.
    """
    names = [layer.name for layer in model.discriminator.layers]
    before_dropout = set(names[: names.index("dropout")])
    found = []
    for number, layer in enumerate(_layers(model.discriminator)):
        if layer.name in before_dropout:
            counts = {FORWARD: 2, KERNEL_GRADIENT: 2, INPUT_GRADIENT: 3 if number else 1}
            found += _products("D", layer, batch, counts)
        else:
            found += _products("D", layer, 2 * batch, {FORWARD: 1, KERNEL_GRADIENT: 1, INPUT_GRADIENT: 1})
            found += _products("D", layer, batch, {FORWARD: 1, INPUT_GRADIENT: 1})
    for number, layer in enumerate(_layers(model.positive_generator)):
        counts = {FORWARD: 2, KERNEL_GRADIENT: 2, INPUT_GRADIENT: 2 if number else 0}
        found += _products("G", layer, batch // 2, counts)
    return found


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yields the layers with a kernel, in their order."""
    for layer in network.layers:
        if hasattr(_inner(layer), "kernel"):
            yield layer


def _inner(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A layer without its spectral normalisation."""
    return getattr(layer, "layer", layer)


def _products(network: str, layer: keras.layers.Layer, rows: int, counts: dict[str, int]) -> list[Product]:
    """The products of a layer on so many rows, those that a step computes at all."""
    name, kernel = f"{network} {layer.name}", tuple(_inner(layer).kernel.shape)
    inputs, outputs = ((rows, *tensor.shape[1:]) for tensor in (layer.input, layer.output))
    found = []
    for part, count in counts.items():
        if not count:
            continue
        if len(kernel) == 2:
            found.append(Product(name, part, _matrix(rows, *kernel, part), None, count))
            continue
        # A transposed kernel is (rows, columns, outputs, inputs): that of the convolution from outputs to inputs.
        transposed = isinstance(_inner(layer), keras.layers.Conv2DTranspose)
        shapes = (outputs, kernel, inputs) if transposed else (inputs, kernel, outputs)
        convolution = Convolution(*shapes, (TRANSPOSED if transposed else CONVOLUTION)[part])
        found.append(Product(name, part, convolution.matrix, convolution, count))
    return found


def _matrix(rows: int, inputs: int, outputs: int, part: str) -> tuple[int, int, int]:
    return {
        FORWARD: (rows, inputs, outputs),
        KERNEL_GRADIENT: (inputs, rows, outputs),
        INPUT_GRADIENT: (rows, outputs, inputs),
    }[part]
