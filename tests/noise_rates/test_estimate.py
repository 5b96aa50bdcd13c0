import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates import estimate as module
from nlgan_tf.noise_rates.methods import COMBINED, METHODS


def logit(p):
    return np.log(p / (1 - p))


def two_modes(rng, delta_p=0.3, delta_n=0.7, n=400, spread=0.3):
    means = np.repeat([logit(delta_p), logit(delta_n)], n // 2)
    return rng.normal(means, spread), np.repeat([1, 0], n // 2)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(module, "RESAMPLES", 40)


@pytest.mark.parametrize("deltas", [(0.3, 0.7), (0.15, 0.85), (0.176, 0.739)])
def test_the_deltas_are_where_the_modes_are(rng, deltas):
    estimate = nl.estimate_deltas(two_modes(rng, *deltas)[0])
    assert (estimate.delta_p, estimate.delta_n) == pytest.approx(deltas, abs=0.02)
    assert estimate.interval_p[0] < estimate.delta_p < estimate.interval_p[1]
    assert estimate.interval_n[0] < estimate.delta_n < estimate.interval_n[1]
    assert estimate.weights == pytest.approx((0.5, 0.5), abs=0.05)
    assert estimate.separable


def test_the_priors_are_eq_3_inverted(rng):
    priors = nl.NoisePriors(0.7, 0.85)
    estimate = nl.estimate_priors(two_modes(rng, priors.delta_p, priors.delta_n)[0])
    assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx((0.7, 0.85), abs=0.03)
    assert estimate.interval_pi_p[0] < estimate.priors.pi_p < estimate.interval_pi_p[1]


def test_repeated_images_count_once(rng):
    logits = two_modes(rng, n=100)[0]
    assert nl.estimate_deltas(np.repeat(logits, np.arange(100) % 7 + 1)) == nl.estimate_deltas(logits)


def test_the_seed_decides(rng):
    logits, noisy = two_modes(rng)
    first, second = (nl.estimate_priors(logits, seed=3, noisy_labels=noisy) for _ in range(2))
    assert first == second


def test_one_mode_gives_the_stated_default_and_a_warning(rng):
    with pytest.warns(UserWarning, match=r"not two groups .* pi_p = pi_n = 0.75 is taken"):
        estimate = nl.estimate_deltas(rng.normal(0, 1, 500))
    assert not estimate.separable
    assert (estimate.delta_p, estimate.delta_n) == pytest.approx((0.25, 0.75))


def test_two_modes_on_one_side_of_a_half_are_no_deltas(rng):
    with pytest.warns(UserWarning, match="either side of 1/2"):
        assert not nl.estimate_deltas(two_modes(rng, 0.6, 0.95)[0]).separable


def overlapping(rng, pi, n=800, distance=3.0):
    """Logits that know nothing of the deltas, and noisy labels."""
    labels = np.tile([1, 0], n // 2)
    noisy = nl.corrupt_labels(labels, nl.NoisePriors(*pi), 0)
    return rng.normal(np.where(labels == 1, -distance / 2, distance / 2), 1), noisy


@pytest.mark.parametrize("pi", [(0.85, 0.85), (0.7, 0.85), (0.6, 0.65)])
def test_groups_far_apart_need_not_stand_at_the_deltas(rng, pi):
    logits, noisy = overlapping(rng, pi, distance=5)
    estimate = nl.estimate_priors(logits, noisy_labels=noisy)
    assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx(pi, abs=0.07)
    assert estimate.weights == pytest.approx((0.5, 0.5), abs=0.05)
    assert estimate.separable


def at_the_deltas(rng, pi, n=800, spread=0.3):
    """Logits of a D that has nearly converged by eq. (2), and noisy labels."""
    priors = nl.NoisePriors(*pi)
    labels = np.tile([1, 0], n // 2)
    noisy = nl.corrupt_labels(labels, priors, int(rng.integers(1000)))
    return rng.normal(logit(np.where(labels == 1, priors.delta_p, priors.delta_n)), spread), noisy


@pytest.mark.slow
def test_the_intervals_cover(rng):
    hits = []
    for _ in range(15):
        logits, noisy = at_the_deltas(rng, (0.7, 0.85), n=400)
        estimate = nl.estimate_priors(logits, noisy_labels=noisy)
        for pi, (low, high) in ((0.7, estimate.interval_pi_p), (0.85, estimate.interval_pi_n)):
            hits.append(low <= pi <= high)
            assert high - low < 0.25
    assert np.mean(hits) >= 0.8


def test_ds_own_outputs_are_taken_as_they_are(rng):
    logits, _ = two_modes(rng, 0.2, 0.8)
    assert nl.estimate_deltas(logits[:, np.newaxis]) == nl.estimate_deltas(logits)


def test_clean_labels_are_recognised(rng):
    logits, labels = two_modes(rng, 0.02, 0.98)
    estimate = nl.estimate_priors(logits, noisy_labels=labels)
    assert min(estimate.priors.pi_p, estimate.priors.pi_n) > 0.97
    assert estimate.verdict.startswith("no sign of wrong labels")


def test_hopeless_labels_are_recognised(rng):
    logits = rng.normal(np.tile([-2, 2], 200), 1)
    with pytest.warns(UserWarning, match="no better than chance"):
        estimate = nl.estimate_priors(logits, noisy_labels=rng.permutation(np.tile([0, 1], 200)))
    assert not estimate.separable
    assert estimate.priors == module.DEFAULT_PRIORS
    assert "pi_p + pi_n near 1" in estimate.verdict


def test_intervals_that_say_nothing_are_no_basis(rng, monkeypatch):
    logits, noisy = overlapping(rng, (0.7, 0.85), n=100)
    assert nl.estimate_priors(logits, noisy_labels=noisy).separable
    monkeypatch.setattr(module, "WIDEST", 0.05)
    with pytest.warns(UserWarning, match="too weak to say how many"):
        assert nl.estimate_priors(logits, noisy_labels=noisy).priors == module.DEFAULT_PRIORS


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_groups_that_are_far_apart(rng, method):
    logits, noisy = at_the_deltas(rng, (0.7, 0.85), spread=0.1)
    estimate = nl.estimate_priors(logits, noisy_labels=noisy, method=method)
    assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx((0.7, 0.85), abs=0.05)


def test_several_trainings_widen_the_intervals(rng):
    logits, noisy = overlapping(rng, (0.7, 0.85))
    # Trainings that differ in how well they tell the groups apart.
    several = np.stack([logits, logits + rng.normal(0, 1.5, len(logits))])
    one, both = (nl.estimate_priors(trainings, noisy_labels=noisy) for trainings in (logits, several))
    assert np.ptp(both.interval_pi_p) > np.ptp(one.interval_pi_p)


@pytest.mark.parametrize(
    ("logits", "arguments", "message"),
    [
        (np.zeros((2, 2, 2)), {}, r"logits have shape \(2, 2, 2\)"),
        ([np.nan] * 20, {}, "accepted are finite ones"),
        (np.tile([1.0, 2.0], 50), {}, "2 different values: at least 10"),
        (
            np.arange(20.0),
            {"noisy_labels": [0, 1]},
            r"Expected labels of shape \(20,\), one label per image, got shape \(2,\)",
        ),
        (np.arange(20.0), {"relearned": np.arange(20.0)}, "relearned is given without noisy_labels"),
        (
            np.arange(20.0),
            {"noisy_labels": [0, 1] * 10, "relearned": np.arange(30.0)},
            r"relearned has shape \(1, 30\): accepted are finite ones of the logits', \(1, 20\)",
        ),
        (np.arange(20.0), {"method": "guess"}, "method 'guess' is unknown: accepted are combined, mixture"),
        (np.arange(20.0), {"method": "anchors"}, "needs noisy_labels"),
    ],
)
def test_what_is_not_accepted(logits, arguments, message):
    with pytest.raises(ValueError, match=message):
        nl.estimate_priors(logits, **arguments)


def test_combined_lies_between_its_two_and_spans_both(rng):
    logits, noisy = overlapping(rng, (0.7, 0.85), distance=2.5)
    combined, *parts = (nl.estimate_priors(logits, noisy_labels=noisy, method=m) for m in ("combined", *COMBINED))
    low, high = sorted(part.priors.pi_p for part in parts)
    assert low < combined.priors.pi_p < high
    low, high = combined.interval_pi_n
    assert all(low < part.priors.pi_n < high for part in parts)


@pytest.mark.parametrize(("distance", "leading"), [(1, "anchors"), (5, "rank_pruning")])
def test_the_groups_distance_decides_between_the_two(rng, distance, leading):
    logits, noisy = overlapping(rng, (0.7, 0.85), distance=distance, n=4000)
    combined, expected = (
        nl.estimate_priors(logits, noisy_labels=noisy, method=method).priors for method in ("combined", leading)
    )
    assert combined == expected


def test_the_distance_is_that_of_the_logits_learned_again(rng):
    logits, noisy = overlapping(rng, (0.7, 0.85), distance=2.5)
    apart = logits + np.where(logits < 0, -3, 3)
    combined = nl.estimate_priors(logits, noisy_labels=noisy, relearned=apart).priors
    assert combined == nl.estimate_priors(logits, noisy_labels=noisy, method="rank_pruning").priors
    assert combined != nl.estimate_priors(logits, noisy_labels=noisy).priors
