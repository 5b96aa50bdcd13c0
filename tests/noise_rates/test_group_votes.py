import itertools

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.group_votes import LEARNED, SUREST, group_votes

PRIORS = nl.NoisePriors(0.6, 0.65)


def clusters(sizes: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors in far clusters of these sizes, 10 apart; the cluster of each."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.random.default_rng(seed).normal(0, 0.1, (len(of), 2))
    vectors[:, 0] += 10 * of
    return vectors, of


@pytest.fixture
def two_groups(monkeypatch) -> None:
    """One number of groups, so that votes can be counted by hand."""
    monkeypatch.setattr("nlgan_tf.noise_rates.group_votes.GROUPS", (2,))


# Labels of two groups, of which 1 leads by two in the first and 0 by two in the second.
LEADS = np.array([1, 1, 1, 0, 0, 0, 1, 0])


@pytest.mark.usefixtures("two_groups")
def test_votes_by_hand():
    vectors, _ = clusters((4, 4))
    votes = group_votes(vectors, LEADS, np.arange(8), nl.NoisePriors(0.7, 0.7))
    # Each label counts for a factor of .7 / .3: two of them say that the first group is positive, and that the second
    # is not. Of 8 images 4 +- sqrt(8 * .7 * .3) are positive: none, or all, have a weight of exp(-4^2 / (2 * 1.74)).
    one, two, weight = 7 / 3, (7 / 3) ** 2, np.exp(-(4**2) / (2 * (8 * 0.7 * 0.3 + (0.03 * 8) ** 2)))
    odds = (two * two + two * weight) / (1 + two * weight)
    assert odds > np.exp(SUREST)
    most = np.tanh(SUREST / 2)
    np.testing.assert_allclose(votes.of_others(np.array([[0.0, 0.0], [10.0, 0.0]])), [most, -most])
    # Without its own label.
    but_1, but_0 = odds / one, odds * one
    assert but_1 < np.exp(SUREST) < but_0
    less = (but_1 - 1) / (but_1 + 1)
    np.testing.assert_allclose(votes.of_members, [less, less, less, most, -less, -less, -most, -less])


@pytest.mark.usefixtures("two_groups")
def test_the_labels_of_twins_do_not_vote_on_an_image():
    vectors, _ = clusters((4, 4))
    equal = np.array([0, 0, 1, 2, 3, 4, 5, 6])
    twins = group_votes(vectors, LEADS, equal, nl.NoisePriors(0.7, 0.7)).of_members
    others = group_votes(vectors, LEADS, np.arange(8), nl.NoisePriors(0.7, 0.7)).of_members
    # Both of the twins' labels are 1, each a factor of .7 / .3 of the odds (1 + score) / (1 - score).
    np.testing.assert_allclose((1 + twins[:2]) / (1 - twins[:2]), (1 + others[:2]) / (1 - others[:2]) * 3 / 7)
    np.testing.assert_allclose(twins[2:], others[2:])


def test_the_groups_vote_together(monkeypatch):
    monkeypatch.setattr("nlgan_tf.noise_rates.group_votes.GROUPS", (3,))
    sizes, priors = (4, 5, 6), nl.NoisePriors(0.7, 0.6)
    vectors, of = clusters(sizes)
    noisy = np.array([1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0])
    positive = np.where(noisy == 1, 0.7, 0.4)
    mean, variance = positive.sum(), np.sum(positive * (1 - positive)) + (0.03 * 15) ** 2
    # P(noisy | true), by Bayes' rule from the purities and the shares of the labels: 6 of 15 are 1.
    share, prior = 6 / 15, positive.mean()
    right = np.where(noisy == 1, 0.7 * share, 0.4 * (1 - share)) / prior
    wrong = np.where(noisy == 1, 0.3 * share, 0.6 * (1 - share)) / (1 - prior)
    weights = {}
    for classes in itertools.product((0, 1), repeat=3):
        positives = np.array(classes)[of]
        count = np.exp(-((positives.sum() - mean) ** 2) / (2 * variance))
        weights[classes] = count * np.prod(np.where(positives == 1, right, wrong))
    ones = [sum(weight for classes, weight in weights.items() if classes[number]) for number in range(3)]
    probability = np.array(ones) / sum(weights.values())
    assert np.abs(np.log(probability / (1 - probability))).max() < SUREST
    votes = group_votes(vectors, noisy, np.arange(15), priors)
    found = votes.of_others(np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]))
    np.testing.assert_allclose(found, 2 * probability - 1, rtol=1e-6)


def test_groups_without_images_change_nothing(monkeypatch):
    monkeypatch.setattr("nlgan_tf.noise_rates.group_votes.STARTS", 1)
    vectors = np.repeat([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0]], (10, 8, 12), axis=0)
    noisy = np.concatenate([np.arange(10) < 6, np.arange(8) < 3, np.arange(12) < 5]).astype(int)
    scores = []
    # Of three vectors the second grouping makes three groups either way; with six, three are empty.
    for counts in ((2, 3), (2, 6)):
        monkeypatch.setattr("nlgan_tf.noise_rates.group_votes.GROUPS", counts)
        scores.append(group_votes(vectors, noisy, np.arange(30), nl.NoisePriors(0.7, 0.7)).of_members)
    np.testing.assert_allclose(*scores, rtol=1e-6)


def test_a_group_that_is_outvoted_is_told_by_the_number_of_positives():
    vectors, _ = clusters((25, 25, 25, 25))
    noisy = np.concatenate([np.arange(25) < right for right in (16, 12, 8, 9)]).astype(int)
    # By its own labels the second group is negative, 12 to 13; about 47 of the 100 images are positive.
    votes = group_votes(vectors, noisy, np.arange(100), nl.NoisePriors(0.6, 0.6))
    centres = np.stack([10 * np.arange(4), np.zeros(4)], axis=1)
    np.testing.assert_array_equal(votes.of_others(centres) > 0, [True, True, False, False])


@pytest.mark.parametrize("seed", range(3))
def test_groups_tell_the_classes_through_heavy_noise(seed):
    vectors, of = clusters((60, 60, 60, 60), seed)
    true = of % 2
    votes = group_votes(vectors, nl.corrupt_labels(true, PRIORS, seed), np.arange(240), PRIORS, seed)
    assert np.mean((votes.of_members > 0) == true) > 0.95
    others, of_others = clusters((10, 10, 10, 10), seed + 9)
    assert np.mean((votes.of_others(others) > 0) == of_others % 2) == 1
    assert np.abs(votes.of_members).max() < 1


def test_the_seed_decides_and_large_sets_learn_from_a_part(rng):
    vectors = rng.normal(size=(LEARNED + 500, 3))
    noisy = rng.integers(0, 2, len(vectors))
    first, again, other = (group_votes(vectors, noisy, np.arange(len(vectors)), PRIORS, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.of_members, again.of_members)
    assert (first.of_members != other.of_members).any()
    assert first.of_members.shape == (LEARNED + 500,)


def test_labels_that_are_never_wrong_decide():
    vectors, of = clusters((20, 20))
    votes = group_votes(vectors, of, np.arange(40), nl.NoisePriors(1.0, 1.0))
    assert np.isfinite(votes.of_members).all()
    assert ((votes.of_members > 0) == of).all()


def test_vectors_that_are_alike_are_grouped_too():
    vectors = np.repeat([[0.0, 1.0], [5.0, 1.0]], 20, axis=0)
    labels = np.repeat([1, 0], 20)
    votes = group_votes(vectors, nl.corrupt_labels(labels, PRIORS, 0), np.arange(40), PRIORS)
    assert np.mean((votes.of_members > 0) == labels) > 0.9
    same = group_votes(np.zeros((8, 2)), np.tile([1, 0], 4), np.arange(8), nl.NoisePriors(0.8, 0.8))
    # All are in one group; of the labels of the others one more is the other one.
    np.testing.assert_allclose(same.of_members, np.tile([-0.6, 0.6], 4))


def test_a_few_images_are_grouped_too():
    votes = group_votes(np.array([[0.0], [0.1], [9.0]]), np.array([1, 1, 0]), np.arange(3), nl.NoisePriors(0.8, 0.8))
    assert votes.of_members.shape == (3,)
