import numpy as np
import pytest

from nlgan_tf.data.noise import NoisePriors, corrupt_labels, purities_of
from nlgan_tf.noise_rates import methods
from nlgan_tf.noise_rates.mixture import TwoGroups

LEVELS = [(0.85, 0.85), (0.7, 0.85), (0.6, 0.65)]


def scored(rng, pi, distance, n=20_000):
    """Logits that do not depend on the noisy labels but through the true ones, and the noisy labels."""
    labels = np.tile([1, 0], n // 2)
    return rng.normal(np.where(labels == 1, -distance / 2, distance / 2), 1), corrupt_labels(
        labels, NoisePriors(*pi), 0
    )


@pytest.mark.parametrize("pi", LEVELS)
def test_overlapping_groups_are_corrected_for(rng, pi):
    # Two standard deviations apart: a sixth of the images lie nearer to the other group.
    logits, noisy = scored(rng, pi, distance=2.5)
    groups = TwoGroups.fit(logits)
    assert methods.corrected_groups(logits, noisy, groups) == pytest.approx(pi, abs=0.03)
    uncorrected = groups.positive_share(logits)[noisy == 1].mean()
    assert abs(uncorrected - pi[0]) > abs(methods.corrected_groups(logits, noisy, groups)[0] - pi[0])


@pytest.mark.parametrize("estimate", [methods.rank_pruning, methods.confident_joint])
@pytest.mark.parametrize("pi", LEVELS)
def test_where_d_is_certain_the_rivals_count_exactly(rng, estimate, pi):
    logits, noisy = scored(rng, pi, distance=200)
    logits = np.sign(logits) * 3
    assert estimate(logits, noisy) == pytest.approx(pi, abs=1e-3)


def test_rank_pruning_by_hand():
    probability = np.array([0.9, 0.8, 0.4, 0.1, 0.2, 0.75])
    given = np.array([1, 1, 1, 0, 0, 0])
    logits = np.log((1 - probability) / probability)
    # Sure positives: p >= .7, of them 1 of 3 labelled 0; sure negatives: p <= .35, none of 2 labelled 1.
    # So the share of true positives is .5 / (1 - 1/3) = .75, and pi_n = 1 - (1/3) .75 / .5 = .5; pi_p = 1.
    assert methods.rank_pruning(logits, given) == pytest.approx((1.0, 0.5))


def test_rank_pruning_of_labels_that_say_nothing_is_chance():
    # Either label has one image at each probability: half of the confident ones have the other label.
    logits, given = np.array([-1.0, 1.0, -1.0, 1.0]), np.array([1, 1, 0, 0])
    assert methods.rank_pruning(logits, given) == (0.5, 0.5)


def test_the_confident_joint_by_hand():
    probability = np.array([0.9, 0.8, 0.2, 0.1, 0.2, 0.75])
    given = np.array([1, 1, 1, 0, 0, 0])
    logits = np.log((1 - probability) / probability)
    # Thresholds .633 and .65: confident positives .9 .8 | .75, confident negatives .2 | .1 .2.
    assert methods.confident_joint(logits, given) == pytest.approx((2 / 3, 2 / 3))


def test_the_confident_joint_is_cleanlabs(rng):
    count = pytest.importorskip("cleanlab.count")
    logits, noisy = scored(rng, (0.7, 0.85), distance=2, n=1000)
    positive = 1 / (1 + np.exp(logits) * (noisy == 0).sum() / (noisy == 1).sum())
    joint = count.compute_confident_joint(noisy, np.column_stack([1 - positive, positive]), calibrate=False)
    expected = joint[1, 1] / joint[1].sum(), joint[0, 0] / joint[0].sum()
    # cleanlab sets each diagonal to at least 1 and no less than this; no cell is that small here.
    assert methods.confident_joint(logits, noisy) == pytest.approx(expected)


def test_anchors_are_percentiles_of_ds_outputs():
    outputs = np.linspace(0.2, 0.9, 101)
    logits = np.log(outputs / (1 - outputs))
    expected = purities_of(0.2 + 0.03 * 0.7, 0.2 + 0.97 * 0.7)
    assert methods.anchors(logits, np.tile([0, 1], 51)[:101]) == pytest.approx(expected)
