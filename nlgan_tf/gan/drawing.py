"""What the generators draw: images of both classes, kept where D is sure of their class, and paths between images."""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.checks import check_images, check_integer, check_seed
from nlgan_tf.data.near_copies import NearCopies
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.pixels import map_rows, to_network_range, to_public_range
from nlgan_tf.errors import InputError
from nlgan_tf.gan.latent import draw_latent, latent_path

if TYPE_CHECKING:
    from nlgan_tf.gan.model import NLGAN

# Images that are drawn at most for each image that should pass.
TRIES_AN_IMAGE = 20
# In place of P(class) of a near copy: below any threshold.
REFUSED = -1.0


def check_temperature(temperature: float) -> float:
    """Returns the factor on z as a float; InputError unless finite and above 0."""
    if not isinstance(temperature, numbers.Real) or not 0 < temperature < math.inf:
        raise InputError(f"Expected temperature to be a finite number above 0, got {temperature!r}")
    return float(temperature)


@dataclass(frozen=True, eq=False)
class HowToDraw:
    """How z is drawn, and which images are kept.

    Attributes:
        min_confidence: Least P(class) of each image by D, in [0.5, 1); None keeps all images.
        temperature: Factor on z, above 0.
        keep_surest: Share of each generator's images that is kept, those of which D is surest, in [0.05, 1]. Beside
            `min_confidence`, which asks for more than an order, it has no effect.
        novelty: Share of the originals that counts as near copies of others, in [0, 1): drawn images as near to an
            original are left out. 0 keeps all.
        originals: Images that `novelty` compares with, uint8 or floats in [0, 255], shape (m, h, w, c).

    Raises:
        InputError: For a value out of range, or novelty above 0 without originals.
    """

    min_confidence: float | None = None
    temperature: float = 1.0
    keep_surest: float = 1.0
    novelty: float = 0.0
    originals: ArrayLike | None = None

    def __post_init__(self) -> None:
        least, share = self.min_confidence, self.keep_surest
        if least is not None and not (isinstance(least, numbers.Real) and 0.5 <= least < 1):
            raise InputError(f"Expected min_confidence to be at least 0.5 and below 1, or None; got {least!r}")
        check_temperature(self.temperature)
        if not (isinstance(share, numbers.Real) and 1 / TRIES_AN_IMAGE <= share <= 1):
            raise InputError(f"Expected keep_surest to be at least {1 / TRIES_AN_IMAGE:g} and at most 1, got {share!r}")
        if not (isinstance(self.novelty, numbers.Real) and 0 <= self.novelty < 1):
            raise InputError(f"Expected novelty to be at least 0 and below 1, got {self.novelty!r}")
        if self.novelty and self.originals is None:
            raise InputError(f"Expected originals, images to compare with, for novelty={self.novelty:g}; got None")

    @property
    def filters(self) -> bool:
        """Whether some drawn images are left out."""
        return self.asks_d or self.novelty > 0

    @property
    def asks_d(self) -> bool:
        """Whether D's P(class) decides which images are kept."""
        return self.min_confidence is not None or self.keep_surest < 1

    @property
    def least(self) -> float:
        """Least P(class) of an image that is kept."""
        return 0.0 if self.min_confidence is None else self.min_confidence

    def wanted(self, n: int) -> int:
        """Returns the number of images that have to pass so that n are kept."""
        return round(n / self.keep_surest) if self.min_confidence is None else n

    @functools.cached_property
    def near_copies(self) -> NearCopies | None:
        """What tells near copies of the originals; None where near copies are kept."""
        return NearCopies(self.originals, self.novelty) if self.novelty else None


AS_TRAINED = HowToDraw()


class TooFewNewImages(InputError):
    """Nearly all that a generator draws are near copies of originals."""


@dataclass(frozen=True)
class DrawnSet:
    """Images that both generators drew, the positives first.

    Attributes:
        images: Images, uint8, shape (n, h, w, c).
        labels: Labels, 1 or 0, int64, shape (n,).
        tried: Number of images that were drawn to keep those of a label, by label: all are kept without a filter.
        novelty: Setting by which near copies of originals were left out; 0: they were kept.
    """

    images: np.ndarray
    labels: np.ndarray
    tried: dict[int, int]
    novelty: float = 0.0

    @property
    def passed(self) -> dict[int, float]:
        """Share of the drawn images that was kept, by label, in [0, 1]; 1 for a label of which none was asked."""
        kept = {label: int(np.sum(self.labels == label)) for label in self.tried}
        return {label: kept[label] / tried if tried else 1.0 for label, tried in self.tried.items()}


def draw_set(model: NLGAN, n: int, seed: int = 0, how: HowToDraw = AS_TRAINED) -> DrawnSet:
    """Draws the first ceil(n / 2) images by G_P, the others by G_N; errors as `NLGAN.hallucinate`."""
    check_integer("n", n, least=1)
    check_seed(seed)
    if how.originals is not None:
        check_images(how.originals, model.discriminator.input_shape[1:], name="originals")
    counts = {1: (n + 1) // 2, 0: n // 2}
    parts = {label: _kept(model, label, count, seed, how) for label, count in counts.items()}
    images = np.concatenate([its_images for its_images, _ in parts.values()])
    tried = {label: its_tried for label, (_, its_tried) in parts.items()}
    return DrawnSet(images, np.repeat(list(counts), list(counts.values())), tried, how.novelty)


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
    """The seed's first n images of a label, with a filter those that pass, and how many were drawn for them."""
    if not n or not how.filters:
        return _images(model, label, _z(model, label, n, seed, how.temperature)), n
    images, sure, tried = _passing(model, label, how.wanted(n), seed, how)
    # In the order in which they were drawn: sorted by confidence, the first images would be the most typical.
    kept = np.sort(np.argsort(-sure, kind="stable")[:n])
    return images[kept], tried


def _passing(model: NLGAN, label: int, n: int, seed: int, how: HowToDraw) -> tuple[np.ndarray, np.ndarray, int]:
    """The seed's first n images of a label that pass, D's P(class) of each, and how many were drawn for them."""
    confidence = confidence_by(model.judging_discriminator(), model.known_priors(), label) if how.asks_d else _certain
    images, sure, most = [], np.zeros(0, np.float32), TRIES_AN_IMAGE * n
    while (found := int(np.sum(sure >= how.least))) < n and (tried := len(sure)) < most:
        # At first n; then some more than are missing by the share that passed, and at most as many as before.
        more = min(math.ceil(1.1 * (n - found) * tried / max(found, 1)) + 8, tried) if tried else n
        drawn = _images(model, label, _z(model, label, min(tried + more, most), seed, how.temperature)[tried:])
        its_sure = map_rows(confidence, drawn)
        if how.near_copies:
            its_sure[how.near_copies(drawn)] = REFUSED
        images.append(drawn[its_sure >= how.least])
        sure = np.concatenate([sure, its_sure])
    if found < n:
        raise (TooFewNewImages if how.novelty else InputError)(_too_few(label, n, how, sure))
    places = np.flatnonzero(sure >= how.least)[:n]
    return np.concatenate(images)[:n], sure[places], int(places[-1]) + 1


def _certain(images: tf.Tensor) -> tf.Tensor:
    return tf.ones(tf.shape(images)[:1])


def _too_few(label: int, n: int, how: HowToDraw, sure: np.ndarray) -> str:
    """Why n images of a label could not be had, with what would have given them."""
    novel = f"no near copies at novelty={how.novelty:g}" if how.novelty else ""
    confident = "" if how.min_confidence is None else f"P(class) of at least min_confidence={how.min_confidence:g}"
    passed, reached = int(np.sum(sure >= how.least)), float(np.sort(sure)[-n])
    remedy = "train again, or for longer"
    if reached >= 0.5:
        remedy = f"up to {math.floor(100 * reached) / 100:g} would do"
    elif reached == REFUSED:
        remedy = "a smaller novelty leaves more"
    return (
        f"Expected {n} images with {' and '.join(filter(None, (confident, novel)))} among {len(sure)} that "
        f"{'G_P' if label else 'G_N'} drew, got {passed} ({passed / len(sure):.1%}): {remedy}"
    )
