import numpy as np
import pytest

from nlgan_tf.data.noise import NoisePriors, corrupt_labels
from nlgan_tf.errors import InputError
from nlgan_tf.tuning.objectives import agreement, check_objective, corrected_accuracy, noisy_likelihood

PRIORS = NoisePriors(0.6, 0.65)


def test_corrected_accuracy_by_hand():
    # a = 3/4 of the noisy positives and b = 1/2 of the noisy negatives are predicted positive. With pi (.8, .9):
    # t = (.9 * .75 - .2 * .5) / .7 = .575/.7, f = (.8 * .5 - .1 * .75) / .7 = .325/.7, r = .8 * .5 + .1 * .5 = .45,
    # so the accuracy is .45 * .575/.7 + .55 * .375/.7.
    noisy = [1, 1, 1, 1, 0, 0, 0, 0]
    positive = [1, 1, 1, 0, 1, 1, 0, 0]
    expected = (0.45 * 0.575 + 0.55 * 0.375) / 0.7
    assert corrected_accuracy(positive, noisy, NoisePriors(0.8, 0.9)) == pytest.approx(expected)


def test_with_clean_labels_nothing_is_corrected():
    labels, positive = [1, 1, 0, 0, 0], [1, 0, 0, 0, 1]
    assert corrected_accuracy(positive, labels, NoisePriors(1, 1)) == pytest.approx(3 / 5)


@pytest.mark.parametrize("share", [0.5, 0.42])
def test_corrected_accuracy_is_an_unbiased_estimate_of_clean_accuracy(rng, share):
    labels = (np.arange(1000) < 1000 * share).astype(int)
    # Three quarters of the positives and nine tenths of the negatives are predicted rightly.
    positive = np.where(labels == 1, rng.random(1000) < 0.75, rng.random(1000) < 0.1)
    estimates = [
        corrected_accuracy(positive, corrupt_labels(labels, PRIORS, seed=seed), PRIORS) for seed in range(2000)
    ]
    error = np.mean(estimates) - np.mean(positive == labels)
    standard_error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(error) < 4 * standard_error
    assert standard_error < 0.002


def test_noisy_likelihood_by_hand():
    # Half of the labels are noisy positives: r = .8 * .5 + .1 * .5 = .45, rho_1 = .1 * .5 / .45 = 1/9,
    # rho_0 = .2 * .5 / .55 = 2/11. P(noisy 1 | x) is 8/9 where p = 1 and 2/11 where p = 0.
    expected = np.mean(np.log([8 / 9, 2 / 11, 1 / 9, 9 / 11]))
    assert noisy_likelihood([1, 0, 1, 0], [1, 1, 0, 0], NoisePriors(0.8, 0.9)) == pytest.approx(expected)


def test_the_likelihood_of_the_truth_is_the_highest():
    labels = np.arange(2000) % 2
    noisy = corrupt_labels(labels, PRIORS, seed=0)
    scores = [noisy_likelihood(p, noisy, PRIORS) for p in (labels, np.full(2000, 0.5), 1 - labels)]
    assert scores == sorted(scores, reverse=True)
    # Of 1,000 positives and 1,000 negatives 1,200 are labelled positive, and p = 1/2 says just that.
    assert scores[1] == pytest.approx(0.6 * np.log(0.6) + 0.4 * np.log(0.4))


def test_a_certain_error_without_noise_has_a_finite_likelihood():
    assert np.isfinite(noisy_likelihood([0, 0], [1, 0], NoisePriors(1, 1)))


def test_agreement_counts_equal_classes():
    assert agreement([True, True, False, False], [1, 0, 0, 0]) == 0.75


def test_bad_input():
    names = "corrected_accuracy, noisy_likelihood, noisy_likelihood_all, agreement, clean_accuracy"
    with pytest.raises(InputError, match=f"Expected objective to be one of {names}; got 'accuracy'"):
        check_objective("accuracy", has_clean_labels=True)
    with pytest.raises(InputError, match="Expected clean images and labels for objective 'clean_accuracy', got none"):
        check_objective("clean_accuracy", has_clean_labels=False)
    with pytest.raises(ValueError, match=r"Expected labels of shape \(2,\), one label per image, got shape \(3,\)"):
        corrected_accuracy([1, 0], [1, 0, 1], PRIORS)
    with pytest.raises(ValueError, match="Expected at least 1 positives and 1 negatives in labels, got 2 and 0"):
        noisy_likelihood([0.5, 0.5], [1, 1], PRIORS)
