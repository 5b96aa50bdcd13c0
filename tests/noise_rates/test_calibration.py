import json

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import nlgan_tf as nl
from nlgan_tf.noise_rates.calibration import Calibration, calibrate, calibration_loss
from nlgan_tf.noise_rates.channel import Channel

PRIORS = nl.NoisePriors(0.7, 0.85)


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.asarray(logits)))


def noisy_through(priors, true, rng):
    """Labels flipped one by one at the flip rates."""
    f1, f0 = priors.flip_rates(float(np.mean(true)))
    return np.where(rng.random(len(true)) < np.where(true == 1, f1, f0), 1 - true, true)


@pytest.mark.parametrize("seed", range(3))
def test_a_known_logistic_is_recovered(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=4000)
    p = sigmoid(2 * scores + 0.5)
    true = (rng.random(4000) < p).astype(int)
    found = calibrate(5 * scores - 3, noisy_through(PRIORS, true, rng), PRIORS)
    # Of u = (score - mean) / std in place of the scores themselves.
    scale, shift = found.scale / np.std(scores), found.shift - found.scale * np.mean(scores) / np.std(scores)
    assert scale == pytest.approx(2, rel=0.1)
    assert shift == pytest.approx(0.5, abs=0.1)
    assert np.mean((found(5 * scores - 3) > 0.5) == (p > 0.5)) > 0.97


def test_separable_scores_tell_every_true_label(rng):
    true = np.tile([1, 0], 500)
    found = calibrate(true + rng.normal(0, 0.05, 1000), nl.corrupt_labels(true, PRIORS, 0), PRIORS)
    p = found(true + rng.normal(0, 0.05, 1000))
    assert p.dtype == np.float32
    assert np.array_equal(p > 0.5, true == 1)
    assert min(p[true == 1].min(), 1 - p[true == 0].max()) > 0.9


@pytest.mark.parametrize("share", [0.25, 0.5, 0.65])
def test_a_shifted_threshold_is_repaired(rng, share):
    true = (np.arange(2000) < share * 2000).astype(int)
    scores = rng.normal(3 * true - 4, 1)
    assert np.mean((scores > 0) == true) < share / 2 + (1 - share) + 0.05
    found = calibrate(scores, nl.corrupt_labels(true, PRIORS, 0), PRIORS)
    assert np.mean((found(scores) > 0.5) == true) > 0.92
    assert np.mean(found(scores)) == pytest.approx(share, abs=0.03)


def test_scores_without_information_say_the_class_prior(rng):
    true = (np.arange(2000) < 600).astype(int)
    found = calibrate(rng.normal(size=2000), nl.corrupt_labels(true, PRIORS, 0), PRIORS)
    assert np.abs(found(rng.normal(size=2000)) - 0.3).max() < 0.25
    assert np.std(found(rng.normal(size=2000))) < 0.07
    constant = calibrate(np.full(2000, 7.0), nl.corrupt_labels(true, PRIORS, 0), PRIORS)
    assert constant(np.full(3, 7.0)) == pytest.approx(0.3, abs=0.01)


def test_few_images_take_the_usual_scale_and_many_their_own():
    true = np.tile([1, 0], 2000)
    scores = true + np.random.default_rng(0).normal(size=4000)
    labels = nl.corrupt_labels(true, PRIORS, 0)
    many = calibrate(scores, labels, PRIORS).scale
    few = [calibrate(scores[i : i + 12], labels[i : i + 12], PRIORS).scale for i in range(0, 600, 12)]
    assert many == pytest.approx(0.5 * 5**0.5, rel=0.2)  # log-odds are score - 1/2, std of scores is sqrt(1 + 1/4)
    assert abs(np.mean(np.log(few)) - 0.7) < abs(np.log(many) - 0.7)
    votes = [calibrate(scores[i : i + 12], labels[i : i + 12], PRIORS, 1.4).scale for i in range(0, 600, 12)]
    assert abs(np.mean(np.log(votes)) - 1.4) < abs(np.mean(np.log(few)) - 1.4)


@pytest.mark.parametrize("sure", [nl.NoisePriors(1.0, 1.0), nl.NoisePriors(1.0, 0.6), PRIORS])
def test_scale_and_shift_stay_within_their_bounds(sure):
    labels = np.tile([1, 0], 100)
    for scores in (labels * 1.0, -labels * 1.0, np.where(np.arange(200) == 0, 1e6, labels)):
        found = calibrate(scores, labels, sure)
        assert np.exp(-2) - 1e-9 <= found.scale <= 5 + 1e-9
        assert -4 <= found.shift <= 4


def test_the_loss_by_hand():
    # Class prior .5, f1 = f0 = .2; p = sigmoid(log(3) u): .75, .25, .5 for u = 1, -1, 0.
    channel = Channel.of(np.array([1, 0]), nl.NoisePriors(0.8, 0.8))
    u, labels = np.array([1.0, -1.0, 0.0]), np.array([1, 1, 0])
    likelihood = np.array([0.75 * 0.8 + 0.25 * 0.2, 0.25 * 0.8 + 0.75 * 0.2, 0.5])
    log_scale = np.log(np.log(3))
    expected = -np.mean(np.log(likelihood)) + (3 / 3) * (log_scale - 0.7) ** 2
    assert calibration_loss((log_scale, 0.0), u, labels, channel)[0] == pytest.approx(expected)
    sharper = expected + (3 / 3) * ((log_scale - 1.4) ** 2 - (log_scale - 0.7) ** 2)
    assert calibration_loss((log_scale, 0.0), u, labels, channel, 1.4)[0] == pytest.approx(sharper)
    # Scale 1, shift log(3): p = .5 of u = -log(3) and .75 of u = 0, their mean .125 above the class prior.
    expected = -np.mean(np.log([0.5, 0.35])) + 20 * 0.125**2 + (3 / 2) * 0.7**2
    found = calibration_loss((0.0, np.log(3)), np.array([-np.log(3), 0.0]), np.array([1, 0]), channel)[0]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("priors", [(0.7, 0.85), (1.0, 1.0), (0.6, 1.0)])
@pytest.mark.parametrize("point", [(0.0, 0.0), (1.2, -1.0), (-1.5, 2.0)])
def test_the_gradient_is_that_of_differences(rng, priors, point):
    u, labels = rng.normal(size=50), rng.integers(0, 2, 50)
    channel = Channel.of(labels, nl.NoisePriors(*priors))
    _, gradient = calibration_loss(point, u, labels, channel)
    expected = approx_fprime(np.array(point), lambda at: calibration_loss(at, u, labels, channel)[0], 1e-7)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_a_calibration_is_stored_as_json():
    found = calibrate(np.array([0.1, 0.9, 0.4]), np.array([0, 1, 1]), PRIORS)
    again = Calibration.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert again(np.array([0.3])) == found(np.array([0.3]))
    with pytest.raises(nl.InputError, match="Expected a calibration of mean, std, scale, shift; got mean, std"):
        Calibration.from_dict({"mean": 0.0, "std": 1.0})


def test_sigmoid_by_hand():
    # u = (7 - 3) / 2 = 2, and 0.
    assert Calibration(3.0, 2.0, 1.5, -1.0)([7.0, 3.0]) == pytest.approx(sigmoid([2.0, -1.0]))


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [1, 0, 1], r"Expected noisy_labels of shape \(2,\), one label per image, got shape \(3,\)"),
        ([0.1, np.nan], [1, 0], "Expected finite scores, got 1 of 2 not finite"),
        ([0.1, 0.2], [1, 1], "Expected at least 1 positives and 1 negatives in noisy_labels, got 2 and 0"),
    ],
)
def test_what_is_not_accepted(scores, labels, message):
    with pytest.raises(nl.InputError, match=message):
        calibrate(scores, labels, PRIORS)
    with pytest.raises(nl.InputError, match="Expected priors to be NoisePriors, got 'estimate'"):
        calibrate([0.1, 0.2], [1, 0], "estimate")
