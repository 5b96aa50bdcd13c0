import numpy as np
import pytest

from nlgan_tf.noise_rates.mixture import TwoGroups


def two_normals(rng, distance, n=600, share=0.5):
    positive = rng.random(n) < share
    return np.where(positive, rng.normal(-distance / 2, 1, n), rng.normal(distance / 2, 1, n))


def test_the_positives_component_comes_first(rng):
    logits = two_normals(rng, distance=6, share=0.3)
    groups = TwoGroups.fit(logits)
    assert groups.means == pytest.approx([-3, 3], abs=0.3)
    assert groups.weights == pytest.approx([0.3, 0.7], abs=0.06)
    assert groups.positive_share(np.array([-3.0, 3.0])) == pytest.approx([1, 0], abs=1e-3)


@pytest.mark.parametrize("distance", [3, 6])
def test_ashmans_d_counts_standard_deviations(rng, distance):
    assert TwoGroups.fit(two_normals(rng, distance, n=4000)).ashman_d == pytest.approx(distance, abs=0.3)


@pytest.mark.parametrize(("distance", "apart"), [(0, False), (1, False), (4, True), (8, True)])
def test_one_mode_is_told_from_two(rng, distance, apart):
    logits = two_normals(rng, distance)
    assert TwoGroups.fit(logits).are_apart(logits) == apart


def test_heavy_tails_are_not_two_modes(rng):
    logits = rng.standard_t(3, 600)
    assert not TwoGroups.fit(logits).are_apart(logits)


def test_no_component_collapses_onto_an_outlier(rng):
    logits = np.append(rng.normal(0, 1, 200), 50.0)
    assert np.sqrt(TwoGroups.fit(logits).mixture.covariances_.min()) > 0.05 * logits.std()


def test_a_refit_starts_where_it_is_told(rng):
    logits = two_normals(rng, distance=5)
    groups = TwoGroups.fit(logits)
    assert TwoGroups.fit(logits, near=groups).means == pytest.approx(groups.means, abs=0.01)
