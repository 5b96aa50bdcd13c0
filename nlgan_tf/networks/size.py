"""How large D and the generators are, and what a training step takes, by arithmetic: nothing is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nlgan_tf.config import StageOneConfig
from nlgan_tf.networks.shapes import FILTERS, HIDDEN_UNITS, LATENT_DIM, check_image_shape, default_levels, scaled

BYTES = 4
# Of the process before any model, and of each weight: the weight, its gradient and Adam's two slots; and its average.
BASE_MEMORY, VALUES_A_WEIGHT, VALUES_AVERAGED = 8e8, 4, 5
# A forward and a backward pass take three times a forward one's work, and keep values and gradients.
PASSES, KEPT = 3, 2


@dataclass(frozen=True)
class Size:
    """Size of a stage one.

    Attributes:
        parameters: Number of trainable weights of D and both generators, without self-attention.
        memory: Bytes that training takes, about.
        multiplications: Multiplications of a training step, about.
    """

    parameters: int
    memory: float
    multiplications: float


@dataclass(frozen=True)
class _Layer:
    """Weights, and for one image outputs and multiplications."""

    parameters: int
    outputs: int
    multiplications: int


def stage_one_size(image_shape: tuple[int, int, int], config: StageOneConfig) -> Size:
    """The size of the stage one that `build_nlgan` would build.

    Args:
        image_shape: Shape (h, w, c), h and w divisible by 4.
        config: Settings of stage one.
    """
    layers_of_g = {"dcgan": _dcgan, "resnet": _resnet}[config.generator]
    d, g = list(_discriminator(image_shape, config)), list(layers_of_g(image_shape, config))
    parameters = _sum(d, "parameters") + 2 * _sum(g, "parameters")
    # A step sees a batch of real images and, from the two generators together, as many drawn ones.
    real, drawn = config.batch_size, config.batch_size
    values = (real + drawn) * _sum(d, "outputs") + drawn * _sum(g, "outputs")
    # The generators' losses pass D's layers once more on the way back.
    in_d = (PASSES * (real + drawn) + (PASSES - 1) * drawn) * _sum(d, "multiplications")
    return Size(
        parameters,
        BASE_MEMORY + BYTES * ((VALUES_AVERAGED if config.ema else VALUES_A_WEIGHT) * parameters + KEPT * values),
        in_d + PASSES * drawn * _sum(g, "multiplications"),
    )


def _sum(layers: list[_Layer], what: str) -> int:
    return sum(getattr(layer, what) for layer in layers)


def _plan(image_shape: tuple[int, int, int], config: StageOneConfig) -> tuple[list[int], list[int]]:
    """Filters of D's convolutions, and pixels of the maps from the image down."""
    levels = default_levels(image_shape)
    height, width, _ = check_image_shape(image_shape, divisor=2**levels)
    pixels = [(height >> level) * (width >> level) for level in range(levels + 1)]
    return [scaled(filters, config.width) for filters in FILTERS[:levels]], pixels


def _dense(inputs: int, outputs: int, normalised: bool = False) -> _Layer:
    return _Layer(inputs * outputs + outputs + 2 * outputs * normalised, outputs, inputs * outputs)


def _discriminator(image_shape: tuple[int, int, int], config: StageOneConfig) -> Iterator[_Layer]:
    filters, pixels = _plan(image_shape, config)
    inputs = image_shape[2]
    for level, outputs in enumerate(filters):
        weights, maps = 9 * inputs * outputs, pixels[level + 1]
        norm = 2 * outputs * (config.d_batch_norm and level > 0)
        yield _Layer(weights + outputs + norm, outputs * maps, weights * maps)
        inputs = outputs
    hidden = scaled(HIDDEN_UNITS, config.width)
    yield _dense(inputs * pixels[-1], hidden)
    yield _dense(hidden, 1)


def _dcgan(image_shape: tuple[int, int, int], config: StageOneConfig) -> Iterator[_Layer]:
    filters, pixels = _plan(image_shape, config)
    hidden, everywhere = scaled(HIDDEN_UNITS, config.width), config.batch_norm == "all"
    yield _dense(LATENT_DIM, hidden, everywhere)
    yield _dense(hidden, pixels[-1] * filters[-1], everywhere)
    inputs = filters[-1]
    for level in reversed(range(len(filters))):
        outputs = filters[level - 1] if level else image_shape[2]
        weights = config.kernel_size**2 * inputs * outputs
        norm = 2 * outputs * (level > 0)
        # Each input pixel reaches a kernel of outputs.
        yield _Layer(weights + outputs + norm, outputs * pixels[level], weights * pixels[level + 1])
        inputs = outputs


def _resnet(image_shape: tuple[int, int, int], config: StageOneConfig) -> Iterator[_Layer]:
    filters, pixels = _plan(image_shape, config)
    yield _dense(LATENT_DIM, pixels[-1] * filters[-1])
    inputs = filters[-1]
    for level in reversed(range(len(filters))):
        outputs, small, large = filters[max(level - 1, 0)], pixels[level + 1], pixels[level]
        yield _convolution(1, inputs, outputs, small)
        yield _convolution(3, inputs, outputs, large, norm=inputs)
        yield _convolution(3, outputs, outputs, large, norm=outputs)
        inputs = outputs
    yield _convolution(3, inputs, image_shape[2], pixels[0], norm=inputs)


def _convolution(side: int, inputs: int, outputs: int, pixels: int, norm: int = 0) -> _Layer:
    """Of stride 1, after batch norm of `norm` maps."""
    weights = side**2 * inputs * outputs
    return _Layer(weights + outputs + 2 * norm, outputs * pixels, weights * pixels)
