"""The pictures of a run's drawn images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.data.task import ImageTask
from nlgan_tf.evaluation.metrics import nearest_images
from nlgan_tf.figures.samples import noisy_and_drawn, sample_grids
from nlgan_tf.figures.strips import interpolation, neighbours
from nlgan_tf.gan.drawing import interpolations
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.pipeline.folder import INTERPOLATION, NEIGHBOURS, SAMPLES

PICTURES = (SAMPLES, INTERPOLATION, NEIGHBOURS)
STEPS = 12
PAIRS = 12


def drawn_figures(
    task: ImageTask, images: np.ndarray, labels: np.ndarray, model: NLGAN, seed: int, temperature: float
) -> dict[str, Callable[[], Figure]]:
    """Returns functions that make the figures, by the names of their files.

    Args:
        task: Training images and noisy labels.
        images: Drawn images, uint8, shape (n, h, w, c).
        labels: Labels of the drawn images, shape (n,).
        model: NLGAN whose generators draw the interpolations.
        seed, temperature: Seed and temperature of the drawn images.
    """
    names, noisy = task.class_names, (task.images, task.noisy_labels)
    return {
        SAMPLES: lambda: sample_grids(noisy_and_drawn(names, noisy, (images, labels))),
        INTERPOLATION: lambda: interpolation(names, interpolations(model, STEPS, seed, temperature)),
        NEIGHBOURS: lambda: neighbours(names, with_nearest(task.images, images, labels, PAIRS)),
    }


def with_nearest(
    real: np.ndarray, images: np.ndarray, labels: np.ndarray, count: int
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Returns the first drawn images of each label with their nearest real images, by label.

    Args:
        real: Real images, shape (n, h, w, c).
        images: Drawn images, shape (m, h, w, c).
        labels: Labels of the drawn images, 1 or 0, shape (m,).
        count: Number of drawn images a label, at most.
    """
    first = {label: images[labels == label][:count] for label in (1, 0)}
    return {label: (drawn, real[nearest_images(real, drawn)]) for label, drawn in first.items()}
