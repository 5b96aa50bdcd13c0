from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.blobs import two_blobs
from nlgan_tf.data.noise import NoisePriors, corrupt_labels
from nlgan_tf.evaluation.baselines.rank_pruning import RankPruning, noise_rates, prune


def test_noise_rates_by_hand():
    probability = np.array([0.9, 0.8, 0.1, 0.7, 0.2, 0.3])
    noisy = np.array([1, 1, 1, 0, 0, 0])
    # LB = mean(.9, .8, .1) = .6: above it .9, .8 and .7, of which .7 has s=0.
    # UB = mean(.7, .2, .3) = .4: below it .1, .2 and .3, of which .1 has s=1.
    assert noise_rates(probability, noisy) == pytest.approx((1 / 3, 1 / 3))


def test_rates_without_any_noise_are_zero():
    assert noise_rates(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1, 1, 0, 0])) == (0, 0)


def test_prune_by_hand():
    noisy = np.repeat([1, 0], [60, 40])
    probability = np.concatenate([np.linspace(0.99, 0.4, 60), np.linspace(0.01, 0.6, 40)])
    # ps1 = .6, rh1 = .2, rh0 = .1: py1 = .5 / .7 = 5/7; pi1 = .1 (2/7) / .6 = 1/21; pi0 = .2 (5/7) / .4 = 5/14.
    kept = prune(probability, noisy, rh1=0.2, rh0=0.1)
    expected = np.ones(100, bool)
    expected[58:60] = False  # int(60 / 21) = 2, the lowest of P~
    expected[86:] = False  # int(40 * 5 / 14) = 14, the highest of N~
    np.testing.assert_array_equal(kept, expected)


def test_ten_of_each_class_stay():
    noisy = np.repeat([1, 0], [50, 12])
    kept = prune(np.linspace(0, 1, 62), noisy, rh1=0.9, rh0=0.0)
    assert kept[noisy == 0].sum() == 10
    assert prune(np.linspace(0, 1, 62), noisy, rh1=0.6, rh0=0.6).sum() >= 20


def test_it_finds_the_flip_rates_and_whom_they_struck():
    points, labels = two_blobs()
    priors = NoisePriors(0.7, 0.85)
    noisy = corrupt_labels(labels, priors, seed=0)
    fitted = RankPruning(LogisticRegression()).fit(points, noisy)
    assert (fitted.rh1_, fitted.rh0_) == pytest.approx(priors.flip_rates(), abs=0.05)
    wrong = labels != noisy
    assert np.mean(~fitted.kept_[wrong]) > 0.85
    assert np.mean(~fitted.kept_[~wrong]) < 0.05
    assert np.mean(fitted.predict(points) == labels) > 0.95
    assert fitted.predict_proba(points).shape == (600, 2)


def test_folds_weigh_the_classes_equally_and_the_last_fit_by_the_estimated_rates():
    class Recorder(LogisticRegression):
        weights: ClassVar[list] = []

        def fit(self, X, y, sample_weight=None):
            self.weights.append(sample_weight)
            return super().fit(X, y, sample_weight)

    points, labels = two_blobs()
    noisy = corrupt_labels(labels, NoisePriors(0.7, 0.85), seed=0)
    fitted = RankPruning(Recorder()).fit(points, noisy)
    *folds, last = Recorder.weights
    for weights in folds:
        # 382 of the 600 noisy labels are positive, at pi (.7, .85) of equal classes: 600 (.5 - .15) / .55.
        assert sorted(np.unique(weights)) == pytest.approx([300 / 382, 300 / 218], rel=0.01)
    expected = np.where(noisy == 1, 1 / (1 - fitted.rh1_), 1 / (1 - fitted.rh0_))[fitted.kept_]
    np.testing.assert_allclose(last, expected)
