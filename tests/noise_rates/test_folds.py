import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.folds import most_folds, stratified_folds


@pytest.mark.parametrize(("folds", "positives"), [(2, 7), (4, 50), (10, 33)])
def test_labels_are_spread_evenly(folds, positives):
    labels = np.random.default_rng(0).permutation(np.repeat([1, 0], [positives, 100]))
    fold = stratified_folds(labels, folds, seed=3)
    assert fold.dtype == np.int64
    for label in (0, 1):
        sizes = np.bincount(fold[labels == label], minlength=folds)
        assert len(sizes) == folds
        assert np.ptp(sizes) <= 1
    assert np.array_equal(fold, stratified_folds(labels, folds, seed=3))
    assert not np.array_equal(fold, stratified_folds(labels, folds, seed=4))


def test_copies_of_an_image_share_its_fold(rng):
    different = rng.integers(0, 256, (40, 4, 4, 1), np.uint8)
    number = rng.permutation(np.concatenate([np.arange(40), rng.integers(0, 40, 60)]))
    labels = rng.integers(0, 2, 100)
    fold = stratified_folds(labels, 4, images=different[number])
    for one in range(40):
        assert len(set(fold[number == one])) == 1
    for held in range(4):
        assert set(labels[fold == held]) == {0, 1}
    assert np.bincount(fold).max() < 50


def test_what_is_not_accepted(images):
    labels = np.repeat([1, 0], [3, 37])
    with pytest.raises(nl.InputError, match=r"Expected folds to be from 2 to 3, .* got 4"):
        stratified_folds(labels, 4)
    with pytest.raises(nl.InputError, match=r"Expected folds to be from 2 to 3, .* got 1"):
        stratified_folds(labels, 1)
    with pytest.raises(nl.InputError, match=r"Expected folds to be an integer, got 2\.5"):
        stratified_folds(labels, 2.5)
    with pytest.raises(nl.InputError, match="Expected as many images as noisy_labels, got 40 and 39"):
        stratified_folds(labels[:-1], 2, images=images)


def test_the_rarer_label_bounds_the_folds():
    assert most_folds(np.array([0, 0, 0, 1, 1]), 10) == 2
    assert most_folds(np.array([0, 0, 0, 1, 1]), 2) == 2
