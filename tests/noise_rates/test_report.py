import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.registry import DEFAULT, METHODS
from nlgan_tf.noise_rates.report import rows


@pytest.fixture(scope="module")
def digits():
    task = nl.load_task("digits:0,3-vs-6,8")
    return task.with_noisy_labels(nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), 0))


@pytest.mark.slow
def test_all_methods_side_by_side(digits):
    report = nl.measure_noise(digits.images, digits.noisy_labels)
    assert list(report.estimates) == list(METHODS)
    ours = report.estimates["combined"]
    assert (ours.priors.pi_p, ours.priors.pi_n) == pytest.approx((0.7, 0.85), abs=0.05)
    assert report.out_of_fold.shape == report.relearned.shape == report.in_sample.shape == (1, len(digits.images))
    known = {"noisy_labels": report.noisy_labels, "relearned": report.relearned}
    assert ours == nl.estimate_priors(report.out_of_fold, **known)
    assert np.mean((report.relearned[0] < 0) == digits.labels) > 0.95
    table = rows(report, digits)
    assert [row[0] for row in table] == [*(method.title for method in METHODS.values()), "the truth"]
    assert table[-1][1] == "0.700"


@pytest.mark.parametrize("settings", [{"trainings": 0}, {"max_steps": 0}])
def test_settings_that_are_not_accepted(digits, settings):
    with pytest.raises(ValueError, match=f"Expected {next(iter(settings))} to be at least 1, got 0"):
        nl.measure_noise(digits.images, digits.noisy_labels, **settings)


def test_fewer_than_six_images_of_a_label_are_refused(digits):
    labels = (np.arange(len(digits.images)) < 5).astype(int)
    with pytest.raises(nl.InputError, match="Expected at least 6 images of either label, got 5"):
        nl.measure_noise(digits.images, labels)


@pytest.mark.slow
@pytest.mark.real_data
def test_twenty_right_labels_beside_980_are_told(tfds_dir):
    task = nl.load_task("mnist:0-vs-1", data_dir=tfds_dir)
    chosen = np.concatenate([np.flatnonzero(task.labels == 1)[:20], np.flatnonzero(task.labels == 0)[:980]])
    report = nl.measure_noise(task.images[chosen], task.labels[chosen], folds=3, max_steps=150)
    estimate = report.estimates[DEFAULT]
    assert estimate.separable
    assert (estimate.priors.pi_p, estimate.priors.pi_n) == pytest.approx((1, 1), abs=0.02)
    # Of twenty right labels no more than this is known.
    assert estimate.interval_pi_p == (pytest.approx(0.832, abs=0.02), pytest.approx(1, abs=1e-3))
    assert estimate.interval_pi_n[0] > 0.97
    for name, other in report.estimates.items():
        pi = other.priors.pi_p, other.priors.pi_n
        assert pi == pytest.approx((1, 1), abs=0.1) or not other.separable, name
        assert max(np.ptp(other.interval_pi_p), np.ptp(other.interval_pi_n)) <= 0.5, name
