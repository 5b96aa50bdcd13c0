"""Groups of images that no label made, and the votes of their noisy labels on the class of each group.

In a group of one class the right labels outnumber the wrong ones, the surer the larger the group is. Groupings into too
many or too few groups err each in its own way, so several are averaged, those the more that explain the labels better.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

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
# A label that is never wrong counts as one that is hardly ever.
LEAST = 1e-3


@dataclass(frozen=True)
class GroupVotes:
    """What the groups' noisy labels say of images.

    Attributes:
        of_members: Scores in (-1, 1) of the images that were grouped, high for positives, each by the labels of others
            alone, shape (n,).
        of_others: Function of other vectors, shape (m, d), to scores by all labels, shape (m,).
    """

    of_members: np.ndarray
    of_others: Callable[[np.ndarray], np.ndarray]


def group_votes(
    vectors: np.ndarray, noisy_labels: np.ndarray, equal: np.ndarray, priors: NoisePriors, seed: int = 0
) -> GroupVotes:
    """Groups vectors by k-means, several times, and lets the noisy labels of each group vote on the group's class.

    A group's log-odds of its class are, by Bayes' rule, those of the class prior and of its labels as independent
    witnesses, within 3 either way. An image's score is the mean of tanh(log-odds / 2) = 2 P(positive) - 1 over the
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
    prior_1, prior_0 = np.log([channel.class_prior, 1 - channel.class_prior])
    of_twins = np.bincount(equal, log_1 - log_0)[equal]
    groupings, odds, members, likelihoods = _groupings(vectors, seed), [], [], []
    for grouping in groupings:
        group = grouping.predict(vectors)
        true_1, true_0 = (
            prior + np.bincount(group, log, grouping.n_clusters) for prior, log in ((prior_1, log_1), (prior_0, log_0))
        )
        odds.append(true_1 - true_0)
        members.append(odds[-1][group] - of_twins)
        likelihoods.append(np.logaddexp(true_1, true_0).sum())
    weights = np.exp(POWER * (np.array(likelihoods) - max(likelihoods)))

    def score(log_odds: list[np.ndarray]) -> np.ndarray:
        return np.average(np.tanh(np.clip(log_odds, -SUREST, SUREST) / 2), axis=0, weights=weights)

    def of_others(others: np.ndarray) -> np.ndarray:
        return score([its[grouping.predict(others)] for its, grouping in zip(odds, groupings, strict=True)])

    return GroupVotes(score(members), of_others)


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
