"""How like real images drawn images are: density, coverage and Fréchet distance on feature vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import euclidean_distances
from sklearn.neighbors import NearestNeighbors

from nlgan_tf.errors import InputError

DISTANCE_BATCH = 1000


@dataclass(frozen=True)
class Likeness:
    """How like a reference of real images other images are.

    Attributes:
        density, coverage: As `density_and_coverage` returns them.
        frechet: As `frechet_distance` returns it.
    """

    density: float
    coverage: float
    frechet: float


def measure_likeness(reference: np.ndarray, images: np.ndarray, k: int = 5) -> Likeness:
    """Returns density, coverage and Fréchet distance of images from a reference.

    Density and coverage take the first len(images) of the reference: of equal distributions, a ball contains one of as
    many images as it was made from with probability 1 - 2**-k, and one of fewer images less often. The Fréchet distance
    takes the whole reference, whose covariance is then better known.

    Args:
        reference: Features of real images, in random order, shape (n, d).
        images: Features of other images, shape (m, d).
        k: Rank of the neighbour, as in `density_and_coverage`.

    Raises:
        InputError: As `density_and_coverage` and `frechet_distance` raise.
    """
    return Likeness(*density_and_coverage(reference[: len(images)], images, k), frechet_distance(reference, images))


def density_and_coverage(real: np.ndarray, drawn: np.ndarray, k: int = 5) -> tuple[float, float]:
    """Returns density and coverage (Naeem et al. 2020, eqs. 4 and 5), from balls of radius NND_k around real samples.

    Args:
        real: Features, shape (n, d).
        drawn: Features, shape (m, d).
        k: Rank of the nearest other real sample whose distance is the radius.

    Returns:
        Density: in how many balls a drawn sample lies on average, divided by k; near 1 where both distributions are
        equal, and not bounded above. Coverage: the share of balls that contain a drawn sample, in [0, 1].

    Raises:
        InputError: For k below 1, fewer than k + 1 real samples, or no drawn one.
    """
    if not len(drawn):
        raise InputError("Expected at least 1 drawn sample, got 0")
    if not 1 <= k < len(real):
        raise InputError(f"Expected k to be from 1 to {len(real) - 1} for {len(real)} real samples, got {k}")
    radii = NearestNeighbors(n_neighbors=k).fit(real).kneighbors()[0][:, -1]
    hits = np.zeros(len(real), int)
    for start in range(0, len(drawn), DISTANCE_BATCH):
        hits += np.sum(euclidean_distances(real, drawn[start : start + DISTANCE_BATCH]) < radii[:, np.newaxis], axis=1)
    return float(hits.sum() / (k * len(drawn))), float(np.mean(hits > 0))


def frechet_distance(real: np.ndarray, drawn: np.ndarray) -> float:
    """Returns the squared Fréchet distance of the Gaussians that fit two sets of features (Heusel et al. 2017, eq. 6).

    |m_r - m_d|^2 + tr(C_r + C_d - 2 (C_r C_d)^(1/2)), with means m and unbiased covariances C. The trace of the root
    is the sum of the roots of the eigenvalues of C_r^(1/2) C_d C_r^(1/2), which is symmetric. The distance of finite
    sets is too large on average, the more so the fewer samples: compare distances of equal numbers alone.

    Args:
        real: Features, shape (n, d).
        drawn: Features, shape (m, d).

    Returns:
        The distance, at least 0; 0 for equal sets.

    Raises:
        InputError: For fewer than 2 samples of either set, or another d.
    """
    real, drawn = np.asarray(real, np.float64), np.asarray(drawn, np.float64)
    if min(len(real), len(drawn)) < 2:
        raise InputError(f"Expected at least 2 samples of each set, got {len(real)} and {len(drawn)}")
    if real.shape[1] != drawn.shape[1]:
        raise InputError(f"Expected features of one size, got {real.shape[1]} and {drawn.shape[1]}")
    real_covariance, drawn_covariance = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (real, drawn))
    root = _symmetric_root(real_covariance)
    # Rounding makes eigenvalues of 0 slightly negative.
    eigenvalues = np.maximum(np.linalg.eigvalsh(root @ drawn_covariance @ root), 0)
    between_means = np.sum((real.mean(axis=0) - drawn.mean(axis=0)) ** 2)
    within = np.trace(real_covariance) + np.trace(drawn_covariance) - 2 * np.sum(np.sqrt(eigenvalues))
    return float(between_means + max(within, 0.0))


def _symmetric_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
