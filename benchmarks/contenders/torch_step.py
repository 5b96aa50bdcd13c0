"""The same networks and the same step in PyTorch: eager in both layouts, and compiled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.parametrizations import spectral_norm

import nlgan_tf as nl

FILTERS = (64, 128, 256)


def discriminator(image_shape: tuple[int, int, int], levels: int) -> nn.Sequential:
    """D of recipe `paper`: spectral norm on all layers."""
    height, width, channels = image_shape
    layers: list[nn.Module] = []
    for filters in FILTERS[:levels]:
        # Keras pads "same" at stride 2 below and to the right alone.
        convolution = spectral_norm(nn.Conv2d(channels, filters, 3, 2))
        layers += [nn.ZeroPad2d((0, 1, 0, 1)), convolution, nn.LeakyReLU(0.2)]
        channels = filters
    features = height * width // 4**levels * channels
    layers += [nn.Flatten(), spectral_norm(nn.Linear(features, 1024)), nn.LeakyReLU(0.2), nn.Dropout(0.5)]
    return nn.Sequential(*layers, spectral_norm(nn.Linear(1024, 1)))


def generator(image_shape: tuple[int, int, int], levels: int) -> nn.Sequential:
    """G of recipe `paper`: batch norm on all hidden layers, 4x4 transposed kernels."""
    height, width, channels = image_shape
    *hidden, top = FILTERS[:levels]
    rows, columns = height // 2**levels, width // 2**levels
    layers: list[nn.Module] = []
    for inputs, outputs in ((100, 1024), (1024, rows * columns * top)):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    layers.append(nn.Unflatten(1, (top, rows, columns)))
    for filters in reversed(hidden):
        layers += [nn.ConvTranspose2d(top, filters, 4, 2, 1), nn.BatchNorm2d(filters), nn.ReLU()]
        top = filters
    return nn.Sequential(*layers, nn.ConvTranspose2d(top, channels, 4, 2, 1), nn.Tanh())


def expected_h(logits: torch.Tensor, target: float) -> torch.Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def torch_step(
    image_shape: tuple[int, int, int], priors: nl.NoisePriors, batch: int, channels_last: bool, compiled: bool
) -> Callable[[], None]:
    """One step: both generators against the present D, then D on the real batch and the same generated images."""
    torch.manual_seed(0)
    height, width, channels = image_shape
    levels, half = (3 if channels == 3 else 2), batch // 2
    layout = torch.channels_last if channels_last else torch.contiguous_format
    d = discriminator(image_shape, levels).to(memory_format=layout)
    gs = [generator(image_shape, levels).to(memory_format=layout) for _ in range(2)]
    d_optimizer, *g_optimizers = (
        torch.optim.Adam(network.parameters(), lr, betas=(0.5, 0.999), fused=True)
        for network, lr in ((d, 2e-4), (gs[0], 1e-3), (gs[1], 1e-3))
    )
    images = np.random.default_rng(0).uniform(-1, 1, (batch, channels, height, width)).astype(np.float32)
    real = torch.from_numpy(images).to(memory_format=layout)

    def generators_loss() -> tuple[torch.Tensor, torch.Tensor]:
        fake = torch.cat([g(torch.rand(half, 100) * 2 - 1) for g in gs]).contiguous(memory_format=layout)
        logits = d(fake)
        return expected_h(logits[:half], priors.delta_p) + expected_h(logits[half:], priors.delta_n), fake

    def discriminator_loss(fake: torch.Tensor) -> torch.Tensor:
        logits = d(torch.cat([real, fake]).contiguous(memory_format=layout)).split(half)
        noisy = expected_h(logits[0], 0.0) + expected_h(logits[1], 1.0)
        return 5.0 * noisy + 0.5 * (expected_h(logits[2], 1.0) + expected_h(logits[3], 0.0))

    if compiled:
        generators_loss, discriminator_loss = torch.compile(generators_loss), torch.compile(discriminator_loss)

    def step() -> None:
        # Dropout off and no power iteration; no gradients of D's weights.
        d.eval().requires_grad_(False)
        for optimizer in g_optimizers:
            optimizer.zero_grad(set_to_none=True)
        g_loss, fake = generators_loss()
        g_loss.backward()
        for optimizer in g_optimizers:
            optimizer.step()
        d.train().requires_grad_(True)
        d_optimizer.zero_grad(set_to_none=True)
        discriminator_loss(fake.detach()).backward()
        d_optimizer.step()

    return step


def torch_steps(image_shape: tuple[int, int, int], priors: nl.NoisePriors, batch: int) -> dict[str, Callable[[], None]]:
    """The three PyTorch contenders by name."""
    arguments = image_shape, priors, batch
    return {
        "PyTorch eager": torch_step(*arguments, channels_last=False, compiled=False),
        "PyTorch eager, channels_last": torch_step(*arguments, channels_last=True, compiled=False),
        "torch.compile": torch_step(*arguments, channels_last=True, compiled=True),
    }
