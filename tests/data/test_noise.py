import numpy as np
import pytest

from nlgan_tf.data.noise import NoisePriors, corrupt_labels, deltas_of, purities_of, realised_priors
from nlgan_tf.errors import InputError

LEVELS = [(0.85, 0.85), (0.7, 0.85), (0.6, 0.65)]


@pytest.mark.parametrize(
    ("priors", "deltas"),
    [
        ((0.85, 0.85), (0.15, 0.85)),
        ((0.7, 0.85), (3 / 17, 17 / 23)),
        ((0.6, 0.65), (7 / 19, 13 / 21)),
        ((1, 1), (0, 1)),
    ],
)
def test_deltas_of_equation_3_by_hand(priors, deltas):
    computed = NoisePriors(*priors)
    assert (computed.delta_p, computed.delta_n) == pytest.approx(deltas, abs=1e-12)


@pytest.mark.parametrize("priors", [*LEVELS, (1, 1), (0.3, 0.9), (1, 0.2)])
def test_from_deltas_inverts_equation_3(priors):
    there = NoisePriors(*priors)
    back = NoisePriors.from_deltas(there.delta_p, there.delta_n)
    assert (back.pi_p, back.pi_n) == pytest.approx(priors, abs=1e-12)


def test_arrays_and_numbers_have_the_same_deltas_bit_for_bit(rng):
    pi_p, pi_n = rng.uniform(0.5, 1, (2, 200))
    delta_p, delta_n = deltas_of(pi_p, pi_n)
    back_p, back_n = purities_of(delta_p, delta_n)
    for index, pi in enumerate(zip(pi_p.tolist(), pi_n.tolist(), strict=True)):
        one = NoisePriors(*pi)
        assert (one.delta_p, one.delta_n) == deltas_of(*pi) == (delta_p[index], delta_n[index])
        assert one.delta_p == (1 - pi[1]) / (pi[0] + 1 - pi[1])
        assert one.delta_n == pi[1] / (1 - pi[0] + pi[1])
        assert purities_of(*deltas_of(*pi)) == (back_p[index], back_n[index])
    assert np.stack([back_p, back_n]) == pytest.approx(np.stack([pi_p, pi_n]), abs=1e-12)


def test_a_set_without_a_class_has_the_delta_0():
    # All labels wrong on one side: numerator and denominator of one delta are 0.
    delta_p, delta_n = deltas_of(np.array([0.0, 1.0, 0.5]), np.array([1.0, 0.0, 0.5]))
    assert delta_p.tolist() == [0.0, 0.5, 0.5]
    assert delta_n.tolist() == [0.5, 0.0, 0.5]
    assert deltas_of(0.0, 1.0) == (0.0, 0.5)


@pytest.mark.parametrize("deltas", [(0.6, 0.9), (-0.1, 0.9), (0.1, 0.5), (0.1, 1.1), (float("nan"), 0.9)])
def test_deltas_of_no_priors_are_refused(deltas):
    with pytest.raises(ValueError, match=r"Expected 0 <= delta_p < 0\.5 < delta_n <= 1, got delta_p="):
        NoisePriors.from_deltas(*deltas)


@pytest.mark.parametrize("priors", [(0, 1), (1.1, 0.9), (0.5, 0.5), (0.4, 0.6), (-1, 1), (float("nan"), 1)])
def test_priors_out_of_range_are_refused(priors):
    with pytest.raises(
        ValueError, match="Expected pi_p and pi_n to be above 0 and at most 1, and their sum to be above"
    ):
        NoisePriors(*priors)


@pytest.mark.parametrize("pi_p", ["0.7", None, [0.7, 0.8], 1j])
def test_priors_that_are_no_numbers_are_refused(pi_p):
    with pytest.raises(InputError, match="Expected pi_p to be a number, got "):
        NoisePriors(pi_p, 0.85)


def test_flip_rates_by_hand():
    # Of 1,100 images, 550 positive: 700 noisy positives hold 210 negatives; 400 noisy negatives 60 positives.
    assert NoisePriors(0.7, 0.85).flip_rates() == pytest.approx((60 / 550, 210 / 550))
    assert NoisePriors(0.7, 0.85).flip_rates() == pytest.approx((0.109, 0.382), abs=5e-4)


def test_flip_rates_under_another_class_prior():
    # A share of 0.3: 30 of 110 noisy positives (21 true), 80 noisy negatives (12 true positives of them).
    rates = NoisePriors(0.7, 0.85).flip_rates(class_prior=33 / 110)
    assert rates == pytest.approx((12 / 33, 9 / 77))


@pytest.mark.parametrize("class_prior", [0, 1, 0.1, 0.75])
def test_class_priors_that_cannot_be_are_refused(class_prior):
    with pytest.raises(
        ValueError, match=r"Expected (class_prior to be above 0 and below 1|a share of true positives from)"
    ):
        NoisePriors(0.7, 0.85).flip_rates(class_prior)


@pytest.mark.parametrize("priors", LEVELS)
@pytest.mark.parametrize("positives", [400, 500, 550])
def test_corruption_reaches_the_priors_by_exact_counts(priors, positives):
    labels = np.repeat([1, 0], [positives, 1000 - positives])
    noisy = corrupt_labels(labels, NoisePriors(*priors), seed=0)
    flips = 1000 * np.array(NoisePriors(*priors).flip_rates(positives / 1000)) * [positives, 1000 - positives] / 1000
    assert np.sum((labels == 1) & (noisy == 0)) == round(flips[0])
    assert np.sum((labels == 0) & (noisy == 1)) == round(flips[1])
    assert realised_priors(labels, noisy) == pytest.approx(priors, abs=2e-3)


def test_corruption_depends_on_the_seed_alone():
    labels = np.tile([1, 0], 100)
    first, again, other = (corrupt_labels(labels, NoisePriors(0.7, 0.85), seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(labels, np.tile([1, 0], 100))


def test_clean_priors_change_nothing():
    labels = np.tile([1, 0, 0], 10)
    np.testing.assert_array_equal(corrupt_labels(labels, NoisePriors(1, 1), seed=0), labels)


@pytest.mark.parametrize("positives", [100, 720])
def test_a_class_share_out_of_reach_is_refused(positives):
    labels = np.repeat([1, 0], [positives, 1000 - positives])
    with pytest.raises(ValueError, match=r"share of true positives from 1 - pi_n = 0.15 to pi_p = 0.7, got 0"):
        corrupt_labels(labels, NoisePriors(0.7, 0.85), seed=0)


def test_a_class_share_at_the_edge_is_reached():
    labels = np.repeat([1, 0], [700, 300])
    assert corrupt_labels(labels, NoisePriors(0.7, 0.85), seed=0).sum() == 1000


def test_small_and_one_sided_labels_are_corrupted_where_the_priors_allow():
    for labels in ([1, 0, 1], [1, 1, 1], [1]):
        np.testing.assert_array_equal(corrupt_labels(labels, NoisePriors(1, 1), seed=0), labels)
    assert corrupt_labels(np.ones(10, int), NoisePriors(1, 0.5), seed=0).sum() == 10
    with pytest.raises(ValueError, match="Expected at least 1 label, got 0"):
        corrupt_labels([], NoisePriors(1, 1), seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1, None, 1], NoisePriors(1, 1), 0), "got missing labels"),
        (([0, 1, 2, 1], NoisePriors(1, 1), 0), "got 2: map labels by np.isin"),
        (([-1, 1, 1, -1], NoisePriors(1, 1), 0), r"got -1: map labels by \(labels \+ 1\) // 2"),
        (([0.5, 1, 0, 1], NoisePriors(1, 1), 0), "got 0.5"),
        ((["a", "b"], NoisePriors(1, 1), 0), "got 'a', 'b'"),
        (([[0, 1], [1, 0]], NoisePriors(1, 1), 0), "of one dimension"),
        (([0, 1], (0.7, 0.85), 0), r"Expected priors to be NoisePriors, got \(0.7, 0.85\)"),
        (([0, 1], NoisePriors(1, 1), -1), "Expected seed to be at least 0, got -1"),
        (([0, 1], NoisePriors(1, 1), None), "Expected seed to be an integer, got None"),
    ],
)
def test_what_cannot_be_corrupted_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        corrupt_labels(*arguments)


def test_labels_of_every_type_are_corrupted_alike():
    labels = np.tile([1, 0], 100)
    wanted = corrupt_labels(labels, NoisePriors(0.7, 0.85), 3)
    for given in (labels == 1, labels.astype(float), labels[:, np.newaxis], labels.tolist()):
        np.testing.assert_array_equal(corrupt_labels(given, NoisePriors(0.7, 0.85), 3), wanted)


def test_corruption_draws_the_same_labels_as_ever():
    noisy = corrupt_labels(np.tile([1, 0], 10), NoisePriors(0.7, 0.85), seed=0)
    assert noisy.tolist() == [1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0]


def test_class_prior_inverts_the_share_of_noisy_positives():
    priors = NoisePriors(0.7, 0.85)
    # .7 of 600 noisy positives and .15 of 400 noisy negatives are true positives: 480 of 1,000.
    assert priors.class_prior(0.6) == pytest.approx(0.48)
    assert priors.noisy_positive_share(priors.class_prior(0.6)) == pytest.approx(0.6)
