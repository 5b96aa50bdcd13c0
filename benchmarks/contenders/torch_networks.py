"""D and G in PyTorch, with the weights of Keras's networks; `check_equal` shows that both are the same."""

from __future__ import annotations

import keras
import numpy as np
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

import nlgan_tf as nl

TOLERANCE = 1e-4


def discriminator(like: keras.Model) -> nn.Sequential:
    """D of the sizes of a Keras one, spectral norm on all layers."""
    *_, channels = like.input_shape
    layers: list[nn.Module] = []
    for convolution in _layers(like, "conv_"):
        # Keras pads "same" at stride 2 below and to the right alone.
        filters = convolution.layer.filters
        layers += [nn.ZeroPad2d((0, 1, 0, 1)), spectral_norm(nn.Conv2d(channels, filters, 3, 2)), nn.LeakyReLU(0.2)]
        channels = filters
    features, units = like.get_layer("fc").layer.kernel.shape
    layers += [nn.Flatten(), spectral_norm(nn.Linear(features, units)), nn.LeakyReLU(0.2), nn.Dropout(0.5)]
    return nn.Sequential(*layers, spectral_norm(nn.Linear(units, 1)))


def generator(like: keras.Model) -> nn.Sequential:
    """G of the sizes of a Keras one: batch norm on all hidden layers, 4x4 transposed kernels."""
    layers: list[nn.Module] = []
    for dense in _layers(like, "fc_"):
        inputs, outputs = dense.kernel.shape
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs, 1e-3, 0.1), nn.ReLU()]
    rows, columns, inputs = like.get_layer("reshape").target_shape
    layers.append(nn.Unflatten(1, (inputs, rows, columns)))
    *hidden, last = _layers(like, "deconv_")
    for deconvolution in hidden:
        outputs = deconvolution.filters
        transposed = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
        layers += [transposed, nn.BatchNorm2d(outputs, 1e-3, 0.1), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.ConvTranspose2d(inputs, last.filters, 4, 2, 1), nn.Tanh())


def load_discriminator(network: nn.Sequential, source: keras.Model) -> nn.Sequential:
    """Copies weights and spectral state."""
    modules = [module for module in network if hasattr(module, "parametrizations")]
    rows, columns, _ = source.get_layer("flatten").input.shape[1:]
    names = ("conv_", "fc", "logit")
    for module, wrapper in zip(modules, [layer for name in names for layer in _layers(source, name)], strict=True):
        kernel, left = np.array(wrapper.layer.kernel), np.array(wrapper.left)
        if kernel.ndim == 4:
            height, width, before, _ = kernel.shape
            weight = kernel.transpose(3, 2, 0, 1)
            left = left.reshape(height, width, before).transpose(2, 0, 1).ravel()
        elif wrapper.name == "fc":
            # Keras flattens (rows, columns, channels), PyTorch (channels, rows, columns).
            weight = _channels_first(kernel, rows, columns).T
            left = _channels_first(left[:, np.newaxis], rows, columns)[:, 0]
        else:
            weight = kernel.T
        spectral = module.parametrizations.weight
        with torch.no_grad():
            spectral.original.copy_(torch.from_numpy(weight.copy()))
            module.bias.copy_(torch.from_numpy(np.array(wrapper.layer.bias)))
            right = weight.reshape(len(weight), -1) @ left
            spectral[0]._u.copy_(torch.from_numpy(right / np.linalg.norm(right)))
            spectral[0]._v.copy_(torch.from_numpy(left.copy()))
    return network


def load_generator(network: nn.Sequential, source: keras.Model) -> nn.Sequential:
    """Copies weights; both start with the same batch statistics."""
    modules = [module for module in network if isinstance(module, nn.Linear | nn.ConvTranspose2d)]
    rows, columns, _ = source.get_layer("reshape").target_shape
    layers = [*_layers(source, "fc_"), *_layers(source, "deconv_")]
    for module, layer in zip(modules, layers, strict=True):
        kernel, bias = np.array(layer.kernel), np.array(layer.bias)
        if layer.name == "fc_2":
            kernel = _channels_first(kernel.T, rows, columns).T
            bias = _channels_first(bias[:, np.newaxis], rows, columns)[:, 0]
        # Keras's transposed kernel is (rows, columns, outputs, inputs), PyTorch's (inputs, outputs, rows, columns).
        weight = kernel.T if kernel.ndim == 2 else kernel.transpose(3, 2, 0, 1)
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(weight.copy()))
            module.bias.copy_(torch.from_numpy(bias))
    return network


def check_equal(model: nl.NLGAN) -> dict[str, dict[str, float]]:
    """Returns each network's number of parameters, and the largest difference of outputs as a share of the largest.

    Raises:
        AssertionError: If the numbers of parameters differ, or the outputs by a share of more than 1e-4.
    """
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (8, *model.discriminator.input_shape[1:])).astype(np.float32)
    z = rng.uniform(-1, 1, (8, model.latent_dim)).astype(np.float32)
    report = {}
    with torch.no_grad():
        d = load_discriminator(discriminator(model.discriminator), model.discriminator).eval()
        outputs = d(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
        report["discriminator"] = _compared(d, model.discriminator, outputs, model.discriminator(images))
        for name in ("positive_generator", "negative_generator"):
            network = getattr(model, name)
            g = load_generator(generator(network), network).eval()
            outputs = g(torch.from_numpy(z)).numpy().transpose(0, 2, 3, 1)
            report[name] = _compared(g, network, outputs, network(z))
    return report


def _compared(module: nn.Module, network: keras.Model, outputs: np.ndarray, expected) -> dict[str, float]:
    ours = sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)
    theirs = sum(parameter.numel() for parameter in module.parameters())
    expected = np.array(expected)
    difference = float(np.abs(outputs - expected).max() / np.abs(expected).max())
    assert ours == theirs, f"{network.name} has {ours} parameters in Keras and {theirs} in PyTorch"
    assert difference < TOLERANCE, f"outputs of {network.name} differ by {difference} of the largest"
    return {"parameters": ours, "largest_difference": difference}


def _layers(network: keras.Model, prefix: str) -> list[keras.layers.Layer]:
    """Returns the layers whose names are the prefix, or the prefix with a number."""
    return [layer for layer in network.layers if layer.name.rstrip("0123456789") == prefix]


def _channels_first(rows_of_features: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(rows x columns x channels, n) -> (channels x rows x columns, n)."""
    n = rows_of_features.shape[-1]
    return rows_of_features.reshape(rows, columns, -1, n).transpose(2, 0, 1, 3).reshape(-1, n)
