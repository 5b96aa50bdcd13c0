import numpy as np
import pytest
from sklearn.model_selection import cross_val_predict
from sklearn.svm import SVC

import nlgan_tf as nl
from nlgan_tf.noise_rates.calibration import calibrate
from nlgan_tf.noise_rates.posterior import label_posterior, noisy_likelihood, noisy_log_likelihoods

PRIORS = nl.NoisePriors(0.8, 0.8)  # flip rates .2 and .2 where the noisy classes have one size
LABELS = np.array([1, 0, 1, 0])


def test_bayes_by_hand():
    found = label_posterior([0.9, 0.9, 0.2, 0.2], LABELS, PRIORS)
    expected = [0.72 / (0.72 + 0.02), 0.18 / (0.18 + 0.08), 0.16 / (0.16 + 0.16), 0.04 / (0.04 + 0.64)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32


def test_where_the_model_says_nothing_the_posterior_is_the_purity():
    priors = nl.NoisePriors(0.7, 0.85)
    # 1 of 4 noisy positive: class prior .7 / 4 + .15 * 3 / 4.
    np.testing.assert_allclose(
        label_posterior(np.full(4, 0.2875), [1, 0, 0, 0], priors), [0.7, 0.15, 0.15, 0.15], rtol=1e-6
    )
    np.testing.assert_allclose(label_posterior(np.full(4, 0.5), LABELS, PRIORS), [0.8, 0.2, 0.8, 0.2], rtol=1e-6)


@pytest.mark.parametrize("priors", [(0.7, 0.85), (1.0, 1.0), (1.0, 0.6), (0.6, 1.0)])
def test_certain_probabilities_give_finite_answers(priors):
    priors = nl.NoisePriors(*priors)
    p = np.array([0.0, 0.0, 1.0, 1.0])
    found = label_posterior(p, LABELS, priors)
    assert np.isfinite(found).all()
    # A label that is never wrong decides; else the model does.
    assert found[0] == pytest.approx(1.0 if priors.pi_p == 1 else 0.0, abs=1e-5)
    assert found[3] == pytest.approx(0.0 if priors.pi_n == 1 else 1.0, abs=1e-5)
    assert np.isfinite(noisy_likelihood(p, LABELS, priors))


def test_the_likelihood_by_hand():
    # P(noisy 1) = .2 + .6 p: .74 and .32; the labels are 1, 0, 1, 0.
    of_images = noisy_log_likelihoods([0.9, 0.9, 0.2, 0.2], LABELS, PRIORS)
    np.testing.assert_allclose(of_images, np.log([0.74, 0.26, 0.32, 0.68]))
    assert noisy_likelihood([0.9, 0.9, 0.2, 0.2], LABELS, PRIORS) == pytest.approx(of_images.mean())
    # The class prior alone: the negative entropy of the shares.
    assert noisy_likelihood(np.full(4, 0.5), LABELS, PRIORS) == pytest.approx(-np.log(2))


def test_the_likelihood_is_largest_at_the_true_probabilities(rng):
    p = rng.random(4000)
    true = (rng.random(4000) < p).astype(int)
    labels = nl.corrupt_labels(true, PRIORS, 0)
    sharper, blunter = p**3 / (p**3 + (1 - p) ** 3), 0.5 + (p - 0.5) / 3
    best = noisy_likelihood(p, labels, PRIORS)
    assert best > max(noisy_likelihood(other, labels, PRIORS) for other in (sharper, blunter, 1 - p))


@pytest.mark.parametrize(
    ("p", "labels", "message"),
    [
        ([0.1, 1.2], [1, 0], "Expected probability in .0, 1., got values from 0.1 to 1.2"),
        ([0.1, np.nan], [1, 0], "Expected finite probability, got 1 of 2 not finite"),
        ([0.1, 0.2], [1, 0, 1], r"Expected noisy_labels of shape \(2,\)"),
        ([0.1, 0.2], [0, 0], "Expected at least 1 positives"),
    ],
)
def test_what_is_not_accepted(p, labels, message):
    for function in (label_posterior, noisy_likelihood):
        with pytest.raises(nl.InputError, match=message):
            function(p, labels, PRIORS)


@pytest.mark.real_data
def test_the_posterior_of_digits_knows_the_true_labels(tfds_dir):
    priors = nl.NoisePriors(0.7, 0.85)
    task = nl.load_task("mnist:5,7-vs-2,4", size=1000, data_dir=tfds_dir)
    noisy = nl.corrupt_labels(task.labels, priors, 0)
    pixels = task.images.reshape(1000, -1) / 255
    scores = cross_val_predict(SVC(C=0.3, class_weight="balanced"), pixels, noisy, cv=10, method="decision_function")
    posterior = label_posterior(calibrate(scores, noisy, priors)(scores), noisy, priors)
    # Measured: .964, and .949 of the scores alone.
    accuracy = np.mean((posterior > 0.5) == task.labels)
    assert accuracy >= 0.95
    assert accuracy > np.mean((scores > 0) == task.labels)
