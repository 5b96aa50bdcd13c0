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


@pytest.mark.usefixtures("two_groups")
def test_votes_by_hand():
    vectors, _ = clusters((4, 4))
    noisy = np.array([1, 1, 1, 0, 0, 0, 1, 0])
    votes = group_votes(vectors, noisy, np.arange(8), nl.NoisePriors(0.75, 0.75))
    # Half of the labels are 1: P(true 1) = 1/2, and each label is right with 3/4. In the first group labels of 1 lead
    # by two, in the second those of 0: log-odds of 2 log 3 and -2 log 3, and tanh(log 3) = 4/5.
    np.testing.assert_allclose(votes.of_others(np.array([[0.0, 0.0], [10.0, 0.0]])), [0.8, -0.8])
    # Without its own label: a lead of one leaves tanh(log(3) / 2) = 1/2, and the one that is outvoted has a lead of
    # three, 3 log 3 = 3.3, of which 3 count.
    most = np.tanh(SUREST / 2)
    np.testing.assert_allclose(votes.of_members, [0.5, 0.5, 0.5, most, -0.5, -0.5, -most, -0.5])


@pytest.mark.usefixtures("two_groups")
def test_the_labels_of_twins_do_not_vote_on_an_image():
    vectors, _ = clusters((4, 4))
    noisy = np.array([1, 1, 1, 0, 0, 0, 1, 0])
    equal = np.array([0, 0, 1, 2, 3, 4, 5, 6])
    votes = group_votes(vectors, noisy, equal, nl.NoisePriors(0.75, 0.75))
    # For the twins a 1 and a 0 are left, for the third of the 1s as before.
    np.testing.assert_allclose(votes.of_members[:3], [0, 0, 0.5], atol=1e-12)


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
