import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.evaluation.likeness import density_and_coverage, frechet_distance, measure_likeness


def test_density_and_coverage_by_hand():
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    drawn = np.array([[0.5], [0.6], [20.0]])
    # NND_1: 1, 1, 1, 8. Balls of 0 and 1 hold .5 and .6; the ball of 2 holds neither; that of 10 holds neither.
    assert density_and_coverage(real, drawn, k=1) == (4 / 3, 2 / 4)


def test_equal_distributions_have_density_and_coverage_near_one(rng):
    real, drawn = rng.normal(size=(2, 1500, 4))
    density, coverage = density_and_coverage(real, drawn)
    assert density == pytest.approx(1, abs=0.05)
    assert coverage > 0.9
    _, collapsed = density_and_coverage(real, drawn * 0.1)
    assert collapsed < 0.3


@pytest.mark.parametrize("k", [0, 4])
def test_k_out_of_range(k):
    with pytest.raises(ValueError, match=f"Expected k to be from 1 to 3 for 4 real samples, got {k}"):
        density_and_coverage(np.zeros((4, 1)), np.zeros((2, 1)), k)


def test_density_needs_a_drawn_sample(rng):
    with pytest.raises(nl.InputError, match="Expected at least 1 drawn sample, got 0"):
        density_and_coverage(rng.normal(size=(9, 2)), np.zeros((0, 2)))


def test_frechet_distance_by_hand():
    # Means 1 and 4, variances 2 and 32: 9 + 2 + 32 - 2 * 8.
    assert frechet_distance(np.array([[0.0], [2.0]]), np.array([[0.0], [8.0]])) == pytest.approx(27)


def test_frechet_distance_of_covariances_that_do_not_commute():
    corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    # Each corner set has the covariance 4/3 I, and A turns that into 4/3 A A^T.
    first, second = np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([[2.0, 0.0], [1.0, 1.0]])
    c_r, c_d = (4 / 3 * matrix @ matrix.T for matrix in (first, second))
    # The root of a 2x2 matrix M has the trace sqrt(tr M + 2 sqrt(det M)).
    product = c_r @ c_d
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = 5**2 + np.trace(c_r + c_d) - 2 * root
    found = frechet_distance(corners @ first.T, corners @ second.T + [3.0, 4.0])
    assert found == pytest.approx(expected)
    assert frechet_distance(corners @ second.T + [3.0, 4.0], corners @ first.T) == pytest.approx(expected)


def test_frechet_distance_of_fewer_samples_than_features(rng):
    features = rng.normal(size=(5, 40)).astype(np.float32)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(features, features + np.float32(0.5)) == pytest.approx(40 * 0.25, abs=1e-4)


@pytest.mark.parametrize(
    ("real", "drawn", "message"),
    [
        ((1, 3), (2, 3), "Expected at least 2 samples of each set, got 1 and 2"),
        ((2, 3), (0, 3), "Expected at least 2 samples of each set, got 2 and 0"),
        ((2, 3), (2, 4), "Expected features of one size, got 3 and 4"),
    ],
)
def test_frechet_distance_refuses(real, drawn, message):
    with pytest.raises(nl.InputError, match=message):
        frechet_distance(np.zeros(real), np.zeros(drawn))


def test_coverage_of_real_images_does_not_depend_on_the_size_of_the_reference(rng):
    reference, held_out = rng.normal(size=(6000, 3)), rng.normal(size=(600, 3))
    found = measure_likeness(reference, held_out)
    # Each ball of as many reference images misses all 600 with probability 2**-5.
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.03)
    assert density_and_coverage(reference, held_out)[1] < 0.5
    assert (found.density, found.coverage) == density_and_coverage(reference[:600], held_out)
    assert found.frechet == frechet_distance(reference, held_out)
