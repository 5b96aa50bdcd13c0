"""What the generators draw: images of both classes, kept where D is sure of their class, and paths between images."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_integer, check_seed
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.pixels import map_rows, to_network_range, to_public_range
from nlgan_tf.errors import InputError
from nlgan_tf.gan.latent import draw_latent, latent_path

if TYPE_CHECKING:
    from nlgan_tf.gan.model import NLGAN

# Images that are drawn at most for each image that D should be sure of.
TRIES_AN_IMAGE = 20


def check_temperature(temperature: float) -> float:
    """Returns the factor on z as a float; InputError unless finite and above 0."""
    if not isinstance(temperature, numbers.Real) or not 0 < temperature < math.inf:
        raise InputError(f"Expected temperature to be a finite number above 0, got {temperature!r}")
    return float(temperature)


@dataclass(frozen=True)
class HowToDraw:
    """How z is drawn, and which images are kept.

    Attributes:
        min_confidence: Least P(class) of each image by D, in [0.5, 1); None keeps all images.
        temperature: Factor on z, above 0.
        keep_surest: Share of each generator's images that is kept, those of which D is surest, in [0.05, 1]. Beside
            `min_confidence`, which asks for more than an order, it has no effect.

    Raises:
        InputError: For a value out of range.
    """

    min_confidence: float | None = None
    temperature: float = 1.0
    keep_surest: float = 1.0

    def __post_init__(self) -> None:
        least, share = self.min_confidence, self.keep_surest
        if least is not None and not (isinstance(least, numbers.Real) and 0.5 <= least < 1):
            raise InputError(f"Expected min_confidence to be at least 0.5 and below 1, or None; got {least!r}")
        check_temperature(self.temperature)
        if not (isinstance(share, numbers.Real) and 1 / TRIES_AN_IMAGE <= share <= 1):
            raise InputError(f"Expected keep_surest to be at least {1 / TRIES_AN_IMAGE:g} and at most 1, got {share!r}")

    @property
    def filters(self) -> bool:
        """Whether some drawn images are left out."""
        return self.min_confidence is not None or self.keep_surest < 1


AS_TRAINED = HowToDraw()


@dataclass(frozen=True)
class DrawnSet:
    """Images that both generators drew, the positives first.

    Attributes:
        images: Images, uint8, shape (n, h, w, c).
        labels: Labels, 1 or 0, int64, shape (n,).
        tried: Number of images that were drawn to keep those of a label, by label: all are kept without a filter.
    """

    images: np.ndarray
    labels: np.ndarray
    tried: dict[int, int]

    @property
    def passed(self) -> dict[int, float]:
        """Share of the drawn images that was kept, by label, in [0, 1]; 1 for a label of which none was asked."""
        kept = {label: int(np.sum(self.labels == label)) for label in self.tried}
        return {label: kept[label] / tried if tried else 1.0 for label, tried in self.tried.items()}


def draw_set(model: NLGAN, n: int, seed: int = 0, how: HowToDraw = AS_TRAINED) -> DrawnSet:
    """Draws the first ceil(n / 2) images by G_P, the others by G_N; errors as `NLGAN.hallucinate`."""
    check_integer("n", n, least=1)
    check_seed(seed)
    counts = {1: (n + 1) // 2, 0: n // 2}
    parts = {label: _kept(model, label, count, seed, how) for label, count in counts.items()}
    images = np.concatenate([its_images for its_images, _ in parts.values()])
    tried = {label: its_tried for label, (_, its_tried) in parts.items()}
    return DrawnSet(images, np.repeat(list(counts), list(counts.values())), tried)


def interpolations(model: NLGAN, steps: int, seed: int = 0, temperature: float = 1.0) -> dict[int, np.ndarray]:
    """Returns what each generator draws on the path from the seed's first z to the second, by label.

    Args:
        model: NLGAN.
        steps: Number of images of a path, at least 2, the images of both ends among them.
        seed: Seed of z.
        temperature: Factor on z, above 0.

    Returns:
        uint8 images, shape (steps, h, w, c), by label: `hallucinate` draws the same first two images of the label.
    """
    paths = {label: latent_path(*_z(model, label, 2, seed), steps, model.latent) for label in (1, 0)}
    return {label: _images(model, label, check_temperature(temperature) * path) for label, path in paths.items()}


def confidence_by(discriminator: keras.Model, priors: NoisePriors, label: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function that says how sure a D is that images show a class.

    Args:
        discriminator: D, images in [-1, 1] -> logits (n, 1).
        priors: Purities of the labels that D learned from.
        label: Class, 1 (positive) or 0.

    Returns:
        Function of public images, shape (n, h, w, c), to P(class), float32, shape (n,): P(positive) as `NLGAN.predict`
        returns it, or 1 - P(positive). Generators are trained to reach D = delta, where P of their class is 1.
    """

    def confidence(images: tf.Tensor) -> tf.Tensor:
        positive = positive_probability(discriminator(to_network_range(images), training=False)[:, 0], priors)
        return positive if label else 1.0 - positive

    return confidence


def positive_probability(logits: tf.Tensor, priors: NoisePriors) -> tf.Tensor:
    """Returns P(positive) = clip((delta_n - D) / (delta_n - delta_p), 0, 1), D = sigmoid(logit): of the same shape."""
    delta_p, delta_n = priors.delta_p, priors.delta_n
    return tf.clip_by_value((delta_n - tf.sigmoid(logits)) / (delta_n - delta_p), 0.0, 1.0)


def _z(model: NLGAN, label: int, n: int, seed: int, temperature: float = 1.0) -> tf.Tensor:
    """The seed's first n values of z for a generator: a longer draw begins with the shorter."""
    return temperature * draw_latent(n, model.latent_dim, model.latent, (seed, label))


def _images(model: NLGAN, label: int, z: tf.Tensor) -> np.ndarray:
    generator = model.drawing_generators()[label]
    return map_rows(lambda rows: to_public_range(generator(rows, training=False)), z)


def _kept(model: NLGAN, label: int, n: int, seed: int, how: HowToDraw) -> tuple[np.ndarray, int]:
    """The seed's first n images of a label, with a filter those that D is sure of, and how many were drawn for them."""
    if not n or not how.filters:
        return _images(model, label, _z(model, label, n, seed, how.temperature)), n
    confidence = confidence_by(model.judging_discriminator(), model.known_priors(), label)
    if how.min_confidence is not None:
        return _confident(model, label, n, seed, how, confidence)
    tried = round(n / how.keep_surest)
    drawn = _images(model, label, _z(model, label, tried, seed, how.temperature))
    # In the order in which they were drawn: sorted by confidence, the first images would be the most typical.
    kept = np.sort(np.argsort(-map_rows(confidence, drawn), kind="stable")[:n])
    return drawn[kept], tried


def _confident(
    model: NLGAN, label: int, n: int, seed: int, how: HowToDraw, confidence: Callable[[tf.Tensor], tf.Tensor]
) -> tuple[np.ndarray, int]:
    """The seed's first n images of a label whose P(class) is high enough, and how many were drawn for them."""
    kept, sure, missing, most = [], np.zeros(0), n, TRIES_AN_IMAGE * n
    while missing and len(sure) < most:
        # Twice as many as before, so that few are drawn in vain.
        tried, total = len(sure), min(max(n, 2 * len(sure)), most)
        drawn = _images(model, label, _z(model, label, total, seed, how.temperature)[tried:])
        sure = np.concatenate([sure, map_rows(confidence, drawn)])
        passed = np.flatnonzero(sure[tried:] >= how.min_confidence)[:missing]
        kept.append(drawn[passed])
        missing -= len(passed)
    if missing:
        raise InputError(_too_few(label, n, how.min_confidence, sure))
    return np.concatenate(kept), tried + int(passed[-1]) + 1


def _too_few(label: int, n: int, min_confidence: float, sure: np.ndarray) -> str:
    """Why n images of a label could not be had, with the threshold that would have given them."""
    reached, passed = float(np.sort(sure)[-n]), int(np.sum(sure >= min_confidence))
    remedy = f"up to {math.floor(100 * reached) / 100:g} would do" if reached >= 0.5 else "train again, or for longer"
    return (
        f"Expected {n} images with P(class) of at least min_confidence={min_confidence:g} among {len(sure)} that "
        f"{'G_P' if label else 'G_N'} drew, got {passed} ({passed / len(sure):.1%}): {remedy}"
    )
