"""Groups of images that no label made, and the votes of their noisy labels on the class of each group.

In a group of one class the right labels outnumber the wrong ones, the surer the larger the group is. The groups vote
together: the purities say about how many images are positive, so a group that is hardly outvoted may still be positive
where too few images would be otherwise. Groupings into too many or too few groups err each in its own way, so several
are averaged, those the more that explain the labels better.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.noise_rates.channel import Channel

# Numbers of groups, as far as a group has LEAST_MEMBERS images on average; each grouping from STARTS random starts.
GROUPS, LEAST_MEMBERS, STARTS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 24), 4, 5
# Images that the centres are learned from.
LEARNED = 5_000
# No vote is surer, in log-odds: a group may mix classes, whatever its count.
SUREST = 3.0
# Power of the groupings' likelihoods as weights; 0: all alike. By the full power one grouping would be left.
POWER = 0.1
# Purities are hardly known better than to this, and share it with the share of positives.
PURITY_ERROR = 0.03
# A label that is never wrong counts as one that is hardly ever.
LEAST = 1e-3


@dataclass(frozen=True)
class GroupVotes:
    """What the groups' noisy labels say of images.

    Attributes:
        of_members: Scores in (-1, 1) of the images that were grouped, high for positives, each by the labels of others
            alone but for the number of positives, shape (n,).
        centres: Centres of the groups of each grouping, shape (k, d).
        votes: Summand of each group to the score of an image, by all labels, shape (k,) for each grouping.
    """

    of_members: np.ndarray
    centres: list[np.ndarray]
    votes: list[np.ndarray]

    def of_others(self, vectors: np.ndarray) -> np.ndarray:
        """Returns scores in (-1, 1) of other vectors, shape (m, d), by all labels, shape (m,)."""
        voted = zip(self.centres, self.votes, strict=True)
        return np.sum([votes[pairwise_distances_argmin(vectors, centres)] for centres, votes in voted], axis=0)


def group_votes(
    vectors: np.ndarray, noisy_labels: np.ndarray, equal: np.ndarray, priors: NoisePriors, seed: int = 0
) -> GroupVotes:
    """Groups vectors by k-means, several times, and lets the noisy labels of each group vote on the group's class.

    All ways to give the groups classes are weighed against each other: by the noisy labels of the groups' images, as
    independent witnesses, and by the number of positives, which the purities say: mean sum(q) and variance
    sum(q (1 - q)) + (0.03 n)^2, with q = pi_p for a noisy positive and 1 - pi_n for a noisy negative. A group's
    log-odds count within 3 either way. An image's score is the mean of tanh(log-odds / 2) = 2 P(positive) - 1 over the
    groupings, weighted by the likelihood of all noisy labels under each grouping, to the power 0.1.

    Args:
        vectors: Features of the images, shape (n, d).
        noisy_labels: Checked labels, 0 or 1, shape (n,).
        equal: Number of each image, the same for identical ones: the labels of its twins do not vote on it either.
        priors: Purities of the noisy labels.
        seed: Seed of the starts, and of the images that a large set's centres are learned from.
    """
    channel = Channel.of(noisy_labels, priors)
    log_1, log_0 = (np.log(np.clip(likelihood, LEAST, None)) for likelihood in channel.likelihoods(noisy_labels))
    of_twins = np.bincount(equal, log_1 - log_0)[equal]
    of_counts = _number_of_positives(noisy_labels, priors)
    groupings, odds, members, likelihoods = _groupings(vectors, seed), [], [], []
    for grouping in groupings:
        group = grouping.predict(vectors)
        sizes = np.bincount(group, minlength=grouping.n_clusters)
        true_1, true_0 = (np.bincount(group, log, grouping.n_clusters) for log in (log_1, log_0))
        of_groups, total = _together(true_1, true_0, sizes, of_counts)
        # Without labels every grouping has the same likelihood, however many ways its groups can have classes.
        _, without = _together(np.zeros(len(sizes)), np.zeros(len(sizes)), sizes, of_counts)
        odds.append(of_groups)
        members.append(of_groups[group] - of_twins)
        likelihoods.append(total - without)
    weights = np.exp(POWER * (np.array(likelihoods) - max(likelihoods)))
    weights /= weights.sum()

    def scores(log_odds: list[np.ndarray]) -> list[np.ndarray]:
        return [
            weight * np.tanh(np.clip(its, -SUREST, SUREST) / 2) for weight, its in zip(weights, log_odds, strict=True)
        ]

    centres = [grouping.cluster_centers_ for grouping in groupings]
    return GroupVotes(np.sum(scores(members), axis=0), centres, scores(odds))


def _number_of_positives(noisy_labels: np.ndarray, priors: NoisePriors) -> np.ndarray:
    """Log-weight of each number of true positives, from 0 to n, by the purities; shape (n + 1,)."""
    positive = np.where(noisy_labels == 1, priors.pi_p, 1 - priors.pi_n)
    variance = np.sum(positive * (1 - positive)) + (PURITY_ERROR * len(positive)) ** 2
    return -((np.arange(len(positive) + 1) - positive.sum()) ** 2) / (2 * variance)


def _together(
    true_1: np.ndarray, true_0: np.ndarray, sizes: np.ndarray, of_counts: np.ndarray
) -> tuple[np.ndarray, float]:
    """Log-odds of each group's class, shape (k,), and the log of the sum over all ways to give the groups classes.

    There are 2^k ways, but they lead to n + 1 numbers of positives only: messages over that number, from the groups
    before each and from those after it, sum them all up.

    Args:
        true_1, true_0: Log-likelihood of each group's labels if the group is positive, and if not, shapes (k,).
        sizes: Number of images of each group, shape (k,).
        of_counts: Log-weight of each number of positives, shape (n + 1,).
    """
    numbers, nowhere = len(of_counts), {"constant_values": -np.inf}
    before, reached = [], np.where(np.arange(numbers) == 0, 0.0, -np.inf)
    for one, zero, size in zip(true_1, true_0, sizes, strict=True):
        before.append(reached)
        with_the_group = np.pad(reached, (size, 0), **nowhere)[:numbers]
        reached = np.logaddexp(with_the_group + one, reached + zero)
    odds, after = np.empty(len(sizes)), of_counts
    for group in reversed(range(len(sizes))):
        with_the_group = np.pad(after, (0, sizes[group]), **nowhere)[sizes[group] :]
        as_1, as_0 = with_the_group + true_1[group], after + true_0[group]
        odds[group] = logsumexp(before[group] + as_1) - logsumexp(before[group] + as_0)
        after = np.logaddexp(as_1, as_0)
    return odds, float(after[0])


def _groupings(vectors: np.ndarray, seed: int) -> list[KMeans]:
    rng = np.random.default_rng(seed)
    learned = vectors
    if len(vectors) > LEARNED:
        learned = vectors[np.sort(rng.choice(len(vectors), LEARNED, replace=False))]
    counts = [count for count in GROUPS if count * LEAST_MEMBERS <= len(vectors)] or [2]
    starts = rng.integers(2**31, size=(len(counts), STARTS)).tolist()
    with warnings.catch_warnings():
        # Where fewer vectors differ than groups are asked for, some groups are empty, which does no harm.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [
            KMeans(count, n_init=1, random_state=start).fit(learned)
            for count, its_starts in zip(counts, starts, strict=True)
            for start in its_starts
        ]
