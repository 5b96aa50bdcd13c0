import numpy as np
import pytest
from scipy.stats import binom

from nlgan_tf.noise_rates import resampling
from nlgan_tf.noise_rates.entries import Entries
from nlgan_tf.noise_rates.registry import Part
from nlgan_tf.noise_rates.resampling import binomial_interval, hull, interval, point_and_samples


@pytest.mark.parametrize(("right", "count"), [(3, 10), (19, 20), (500, 1000)])
def test_the_binomial_interval_ends_where_a_tail_has_2_5_percent(right, count):
    low, high = binomial_interval(right / count, count)
    assert binom.sf(right - 1, count, low) == pytest.approx(0.025)
    assert binom.cdf(right, count, high) == pytest.approx(0.025)


def test_the_binomial_interval_at_the_ends():
    assert binomial_interval(1.0, 20) == (pytest.approx(0.025 ** (1 / 20)), 1.0)
    assert binomial_interval(0.0, 20) == (0.0, pytest.approx(1 - 0.025 ** (1 / 20)))
    assert np.isnan(binomial_interval(np.nan, 20)).all()


def test_the_percentile_interval():
    assert interval(np.linspace(0, 1, 201)) == pytest.approx((0.025, 0.975))


def test_a_hull_contains_both():
    assert hull((0.2, 0.5), (0.4, 0.9)) == (0.2, 0.9)
    assert hull((0.2, 0.5), [0.1]) == (0.1, 0.5)


def test_parts_are_weighted_in_the_point_and_take_turns_in_the_samples(monkeypatch):
    monkeypatch.setattr(resampling, "RESAMPLES", 4)
    parts = [(Part(3.0, lambda chosen: (0.4, 0.8)), 10), (Part(1.0, lambda chosen: (0.8, 2.0)), 10)]
    point, samples = point_and_samples(parts, None, seed=0)
    assert point == pytest.approx((0.5, 0.85))
    assert samples.tolist() == [[0.4, 0.8], [0.8, 1.0]] * 2


def test_labels_of_a_rare_class_are_repeated_in_the_point_and_in_every_sample(monkeypatch):
    monkeypatch.setattr(resampling, "RESAMPLES", 10)
    labels = np.repeat([1, 0], [10, 90])
    part = Part(1.0, lambda chosen: (labels[chosen].mean(), len(chosen) / 1000))
    point, samples = point_and_samples([(part, 100)], Entries(labels, np.arange(100)), seed=0)
    assert np.allclose([point, *samples], (0.5, 0.18))
