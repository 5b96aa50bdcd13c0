import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.data.noise import deltas_of, realised_priors
from nlgan_tf.noise_rates import estimate as module
from nlgan_tf.noise_rates import resampling
from nlgan_tf.noise_rates.entries import Entries, entries_of
from nlgan_tf.noise_rates.registry import METHODS
from nlgan_tf.noise_rates.resampling import binomial_interval


def logit(p):
    return np.log(p / (1 - p))


def two_modes(rng, delta_p=0.3, delta_n=0.7, n=400, spread=0.3):
    means = np.repeat([logit(delta_p), logit(delta_n)], n // 2)
    return rng.normal(means, spread), np.repeat([1, 0], n // 2)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(resampling, "RESAMPLES", 40)


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
        (np.zeros((2, 2, 2)), {}, r"Expected finite logits of shape \(n,\), .*, got shape \(2, 2, 2\)"),
        ([np.nan] * 20, {}, "Expected finite logits of shape .*, got values that are not finite"),
        (np.tile([1.0, 2.0], 50), {}, "Expected at least 10 different logits, got 2"),
        (
            np.arange(20.0),
            {"noisy_labels": [0, 1]},
            r"Expected labels of shape \(20,\), one label per image, got shape \(2,\)",
        ),
        (np.arange(20.0), {"relearned": np.arange(20.0)}, "Expected noisy_labels with relearned, got relearned alone"),
        (
            np.arange(20.0),
            {"noisy_labels": [0, 1] * 10, "relearned": np.arange(30.0)},
            r"Expected relearned to be finite and of the logits' shape \(1, 20\), got shape \(1, 30\)",
        ),
        (np.arange(20.0), {"images": np.arange(20)}, "Expected noisy_labels with images, got images alone"),
        (
            np.arange(20.0),
            {"noisy_labels": [0, 1] * 10, "images": np.arange(30)},
            r"Expected images to be ids of shape \(20,\), got shape \(30,\)",
        ),
        (np.arange(20.0), {"method": "guess"}, "Expected method to be one of combined, mixture, .*, got 'guess'"),
        (np.arange(20.0), {"method": "anchors"}, "Expected noisy_labels for method 'anchors', got None"),
    ],
)
def test_what_is_not_accepted(logits, arguments, message):
    with pytest.raises(ValueError, match=message):
        nl.estimate_priors(logits, **arguments)


def test_combined_lies_between_its_two_and_spans_both(rng):
    logits, noisy = overlapping(rng, (0.7, 0.85), distance=2.5)
    methods = "combined", "rank_pruning", "anchors"
    combined, *parts = (nl.estimate_priors(logits, noisy_labels=noisy, method=method) for method in methods)
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


def of_a_rare_class(rng, share, wrong, n=1000):
    """Logits of a D that tells the classes apart by six standard deviations, labels, and their purities.

    Args:
        share: Share of true positives.
        wrong: Share of either class whose label is wrong.
    """
    labels = (np.arange(n) < round(share * n)).astype(int)
    flipped = np.concatenate(
        [
            rng.choice(members, round(wrong * len(members)), replace=False)
            for members in (np.flatnonzero(labels == 1), np.flatnonzero(labels == 0))
        ]
    )
    noisy = labels.copy()
    noisy[flipped] = 1 - labels[flipped]
    priors = realised_priors(labels, noisy)
    at_p, at_n = logit(np.clip(deltas_of(*priors), 0.02, 0.98))
    return rng.normal(np.where(labels == 1, at_p, at_n), (at_n - at_p) / 6), noisy, priors


SHARES = (0.5, 0.1, 0.05, 0.03, 0.02, 0.01)


@pytest.mark.parametrize("rare_is_positive", [True, False])
@pytest.mark.parametrize("share", SHARES)
def test_right_labels_of_a_rare_class_are_told_with_the_interval_of_so_few(rng, share, rare_is_positive):
    share = share if rare_is_positive else 1 - share
    logits, labels, _ = of_a_rare_class(rng, share, wrong=0)
    estimate = nl.estimate_priors(logits, noisy_labels=labels)
    assert estimate.separable
    assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx((1, 1), abs=0.03)
    assert estimate.weights == pytest.approx((share, 1 - share), abs=0.01)
    for (low, high), count in ((estimate.interval_pi_p, labels.sum()), (estimate.interval_pi_n, (1 - labels).sum())):
        # All of 10 right: at least .69 are right in the long run; all of 500: .993.
        assert low <= 0.025 ** (1 / count) + 1e-6
        assert (low, high) == pytest.approx((0.025 ** (1 / count), 1), abs=0.1)
    assert estimate.interval_p[0] <= estimate.delta_p <= estimate.interval_p[1]
    assert estimate.interval_n[0] <= estimate.delta_n <= estimate.interval_n[1]
    assert np.ptp(estimate.interval_p) > 0
    assert np.ptp(estimate.interval_n) > 0


@pytest.mark.parametrize("rare_is_positive", [True, False])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.filterwarnings("ignore:the labels' agreement", "ignore:D agrees")
def test_a_quarter_of_wrong_labels_is_found_or_cannot_be_told(share, rare_is_positive, seed):
    share = share if rare_is_positive else 1 - share
    logits, labels, priors = of_a_rare_class(np.random.default_rng(seed), share, wrong=0.25)
    estimate = nl.estimate_priors(logits, noisy_labels=labels)
    if estimate.separable:
        assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx(priors, abs=0.15)
        for pi, (low, high) in zip(priors, (estimate.interval_pi_p, estimate.interval_pi_n), strict=True):
            assert low - 0.05 <= pi <= high + 0.05
            assert high - low <= module.WIDEST
    else:
        assert estimate.priors == module.DEFAULT_PRIORS
    # The other class's noise hides a rare one: 245 wrong labels beside 15 right ones.
    assert estimate.separable or share != 0.5
    assert not estimate.separable or 0.03 < share < 0.97


@pytest.mark.parametrize("share", SHARES[1:])
def test_a_rare_label_a_quarter_of_which_is_wrong_is_found(rng, share):
    n, few = 1000, round(share * 1000)
    labels = np.repeat([1, 0], [few, n - few])
    noisy = labels.copy()
    noisy[few : few + round(few / 3)] = 1
    logits = rng.normal(np.where(labels == 1, -2.5, 2.5), 1)
    for given, pi in ((noisy, realised_priors(labels, noisy)), (1 - noisy, realised_priors(1 - labels, 1 - noisy))):
        estimate = nl.estimate_priors(logits if given is noisy else -logits, noisy_labels=given)
        assert estimate.separable
        assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx(pi, abs=0.14)
        assert estimate.interval_pi_p[0] <= pi[0] <= estimate.interval_pi_p[1] + 1e-3
        assert estimate.interval_pi_n[0] <= pi[1] <= estimate.interval_pi_n[1] + 1e-3


@pytest.mark.parametrize(("few", "rare", "which"), [(5, 1, "positives"), (5, 0, "negatives"), (2, 1, "positives")])
def test_of_fewer_than_six_images_nothing_can_be_told(rng, few, rare, which):
    labels = np.where(np.arange(400) < few, rare, 1 - rare)
    logits = rng.normal(np.where(labels == 1, -4, 4), 0.5)
    with pytest.warns(UserWarning, match=f"too weak to say how many of the {which} are wrong; pi_p = pi_n = 0.75"):
        estimate = nl.estimate_priors(logits, noisy_labels=labels)
    assert not estimate.separable
    assert np.ptp(binomial_interval(1.0, module.LEAST_IMAGES)) <= module.WIDEST < np.ptp(binomial_interval(1.0, 5))


def test_one_wide_interval_beside_a_narrow_one_is_no_answer(rng, monkeypatch):
    # The positives' purity is known, the negatives' could be anything.
    samples = np.column_stack([np.ones(40), np.tile([0.0, 1.0], 20)])
    monkeypatch.setattr(module, "point_and_samples", lambda *_: (np.array([1.0, 0.5]), samples))
    logits, labels, _ = of_a_rare_class(rng, 0.5, wrong=0)
    with pytest.warns(UserWarning, match="too weak to say how many of the negatives are wrong"):
        assert nl.estimate_priors(logits, noisy_labels=labels).priors == module.DEFAULT_PRIORS


@pytest.mark.parametrize("samples", [np.nan, 0.8])
def test_an_estimate_that_is_no_number_is_no_answer(rng, monkeypatch, samples):
    found = np.array([np.nan, 0.8]), np.full((40, 2), samples)
    monkeypatch.setattr(module, "point_and_samples", lambda *_: found)
    logits, labels, _ = of_a_rare_class(rng, 0.5, wrong=0)
    with pytest.warns(UserWarning, match="too weak to say how many"):
        assert nl.estimate_priors(logits, noisy_labels=labels).priors == module.DEFAULT_PRIORS


def annotated(rng, annotators, n=900, wrong=(0.1, 0.2)):
    """Tiny images, all different, each with the labels of several annotators, logits of D, and the purities."""
    labels = rng.permutation(np.tile([1, 0], n // 2))
    images = rng.permutation(4 * n)[:n].astype("<u4").view(np.uint8).reshape(n, 2, 2, 1)
    logits = rng.normal(np.where(labels == 1, -2.5, 2.5), 1)
    truth, images, logits = (np.repeat(values, annotators, axis=0) for values in (labels, images, logits))
    noisy = np.where(rng.random(len(truth)) < np.where(truth == 1, *wrong), 1 - truth, truth)
    order = rng.permutation(len(truth))
    return images[order], noisy[order], logits[order], realised_priors(truth, noisy)


@pytest.mark.parametrize("method", ["combined", "rank_pruning", "mixture", "confident_joint"])
@pytest.mark.parametrize("annotators", [1, 2, 3])
def test_several_annotators_give_the_estimate_of_one(rng, annotators, method):
    images, noisy, logits, priors = annotated(rng, annotators)
    counted, entries = entries_of(images, noisy)
    known = {"noisy_labels": entries.labels, "images": entries.images, "method": method}
    estimate = nl.estimate_priors(logits[counted], **known)
    assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx(priors, abs=0.03)
    assert estimate.interval_pi_p[0] <= priors[0] <= estimate.interval_pi_p[1]


def test_the_labels_of_one_image_are_resampled_together(rng):
    # Three annotators who always agree say no more than one: the interval stays as wide.
    _, noisy, logits, _ = annotated(rng, 1, n=200)
    alone = nl.estimate_priors(logits, noisy_labels=noisy, method="mixture")
    thrice = {"noisy_labels": np.repeat(noisy, 3), "images": np.repeat(np.arange(200), 3), "method": "mixture"}
    together = nl.estimate_priors(np.repeat(logits, 3), **thrice)
    independent = nl.estimate_priors(np.repeat(logits, 3), **{**thrice, "images": None})
    assert np.ptp(together.interval_pi_p) == pytest.approx(np.ptp(alone.interval_pi_p), rel=0.15)
    assert np.ptp(independent.interval_pi_p) < 0.75 * np.ptp(alone.interval_pi_p)


def test_ids_of_different_images_change_nothing(rng):
    logits, noisy = two_modes(rng)
    known = {"noisy_labels": noisy}
    assert nl.estimate_priors(logits, **known, images=np.arange(len(noisy)) * 7) == nl.estimate_priors(logits, **known)
    assert Entries(noisy, np.arange(len(noisy))).fewest_images == 200
