import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines.groups import GroupVotesClassifier
from nlgan_tf.noise_rates.witnesses import build_witness

HEAVY = nl.NoisePriors(0.6, 0.65)


def test_groups_tell_digits_through_heavy_noise():
    task = nl.load_task("digits:5,7-vs-2,4")
    noisy = nl.corrupt_labels(task.labels, HEAVY, seed=0)
    found = GroupVotesClassifier(HEAVY).fit(task.images, noisy).predict(task.test_images)
    assert np.mean(found == task.test_labels) > 0.95
    witness = build_witness("groups", task.images, noisy, priors=HEAVY)
    np.testing.assert_array_equal(found, witness.score_others(task.test_images) > 0)


def test_photographs_are_grouped_by_hog():
    rng = np.random.default_rng(0)
    labels = np.tile([1, 0], 40)
    wave = 60 * np.sin(np.arange(24) * np.pi / 4)
    upright, level = np.broadcast_to(wave, (24, 24)), np.broadcast_to(wave[:, None], (24, 24))
    images = 128 + np.where(labels[:, None, None] == 1, upright, level)[..., None] + rng.normal(0, 20, (80, 24, 24, 3))
    images = images.astype(np.uint8)
    found = GroupVotesClassifier(HEAVY).fit(images, nl.corrupt_labels(labels, HEAVY, 1)).predict(images)
    assert np.mean(found == labels) > 0.95
    with pytest.raises(InputError, match="Expected images of at least 24 x 24 for HOG"):
        GroupVotesClassifier(HEAVY).fit(images[:, :20], labels)
