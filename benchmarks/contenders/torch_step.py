"""The same networks and the same step in PyTorch: eager in both layouts, compiled, and in bfloat16."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

import nlgan_tf as nl
from contenders.torch_networks import discriminator, generator, load_discriminator, load_generator


def expected_h(logits: torch.Tensor, target: float) -> torch.Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def torch_step(
    model: nl.NLGAN, batch: int, channels_last: bool, compiled: bool = False, bfloat16: bool = False
) -> Callable[[], None]:
    """Returns a step from the weights of `model`.

    Both generators are updated against the present D, then D on the real batch and the same generated images.

    Args:
        model: Model whose networks, priors, alpha and beta the step has.
        batch: Real images a step.
        channels_last: Layout of images and kernels.
        compiled: Whether torch.compile compiles the two losses.
        bfloat16: Whether forward passes run under PyTorch's autocast to bfloat16.
    """
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    priors, half = model.priors, batch // 2
    layout = torch.channels_last if channels_last else torch.contiguous_format
    d = load_discriminator(discriminator(model.discriminator), model.discriminator).to(device, memory_format=layout)
    gs = [
        load_generator(generator(network), network).to(device, memory_format=layout)
        for network in (model.positive_generator, model.negative_generator)
    ]
    d_optimizer, *g_optimizers = (
        torch.optim.Adam(network.parameters(), lr, betas=(0.5, 0.999), fused=True)
        for network, lr in ((d, 2e-4), (gs[0], 1e-3), (gs[1], 1e-3))
    )
    height, width, channels = model.discriminator.input_shape[1:]
    images = np.random.default_rng(0).uniform(-1, 1, (batch, channels, height, width)).astype(np.float32)
    real = torch.from_numpy(images).to(device, memory_format=layout)

    def generators_loss() -> tuple[torch.Tensor, torch.Tensor]:
        fake = torch.cat([g(torch.rand(half, 100, device=device) * 2 - 1) for g in gs]).contiguous(memory_format=layout)
        logits = d(fake)
        return expected_h(logits[:half], priors.delta_p) + expected_h(logits[half:], priors.delta_n), fake

    def discriminator_loss(fake: torch.Tensor) -> torch.Tensor:
        logits = d(torch.cat([real, fake]).contiguous(memory_format=layout)).split(half)
        noisy = expected_h(logits[0], 0.0) + expected_h(logits[1], 1.0)
        return model.alpha * noisy + model.beta * (expected_h(logits[2], 1.0) + expected_h(logits[3], 0.0))

    def autocast() -> torch.autocast:
        return torch.autocast(device, torch.bfloat16, enabled=bfloat16)

    if compiled:
        generators_loss, discriminator_loss = torch.compile(generators_loss), torch.compile(discriminator_loss)

    def step() -> None:
        # Dropout off and no power iteration; no gradients of D's weights.
        d.eval().requires_grad_(False)
        for optimizer in g_optimizers:
            optimizer.zero_grad(set_to_none=True)
        with autocast():
            g_loss, fake = generators_loss()
        g_loss.backward()
        for optimizer in g_optimizers:
            optimizer.step()
        d.train().requires_grad_(True)
        d_optimizer.zero_grad(set_to_none=True)
        with autocast():
            d_loss = discriminator_loss(fake.detach())
        d_loss.backward()
        d_optimizer.step()
        # A step is over when its loss is computed, on a GPU too.
        float(d_loss)

    return step


def torch_steps(model: nl.NLGAN, batch: int) -> dict[str, Callable[[], None]]:
    """Returns the PyTorch contenders by name."""
    return {
        "PyTorch eager": torch_step(model, batch, channels_last=False),
        "PyTorch eager, channels_last": torch_step(model, batch, channels_last=True),
        "torch.compile": torch_step(model, batch, channels_last=True, compiled=True),
        "PyTorch eager, bfloat16": torch_step(model, batch, channels_last=False, bfloat16=True),
        "PyTorch eager, channels_last, bfloat16": torch_step(model, batch, channels_last=True, bfloat16=True),
        "torch.compile, bfloat16": torch_step(model, batch, channels_last=True, compiled=True, bfloat16=True),
    }
