import numpy as np
import pytest

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.channel import Channel, check_scores


def test_flip_rates_by_hand():
    # 2 of 5 noisy positive: true positives .7 * .4 + .15 * .6 = .37, of which .09 are noisy negatives.
    channel = Channel.of(np.array([1, 1, 0, 0, 0]), NoisePriors(0.7, 0.85))
    assert channel.class_prior == pytest.approx(0.37)
    assert channel.f1 == pytest.approx(0.09 / 0.37)
    assert channel.f0 == pytest.approx(0.12 / 0.63)
    l1, l0 = channel.likelihoods(np.array([1, 0]))
    np.testing.assert_allclose(l1, [0.28 / 0.37, 0.09 / 0.37])
    np.testing.assert_allclose(l0, [0.12 / 0.63, 0.51 / 0.63])


@pytest.mark.parametrize("priors", [(1.0, 1.0), (0.7, 0.85), (1.0, 0.01), (0.01, 1.0), (0.51, 0.5)])
@pytest.mark.parametrize("positives", [1, 2, 500, 998, 999])
def test_priors_go_with_any_share_of_noisy_positives(priors, positives):
    labels = (np.arange(1000) < positives).astype(int)
    channel = Channel.of(labels, NoisePriors(*priors))
    assert 0 < channel.class_prior < 1
    share = channel.class_prior * (1 - channel.f1) + (1 - channel.class_prior) * channel.f0
    assert share == pytest.approx(positives / 1000)


def test_other_priors_are_refused():
    with pytest.raises(InputError, match=r"Expected priors to be NoisePriors, got \(0.7, 0.85\)"):
        Channel.of(np.array([0, 1]), (0.7, 0.85))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([[1.0], [2.0]], r"Expected scores as numbers of shape \(n,\), got float64 of shape \(2, 1\)"),
        (["a", "b"], "Expected scores as numbers of shape"),
        ([0.0, np.nan, np.inf], "Expected finite scores, got 2 of 3 not finite"),
    ],
)
def test_scores_that_are_not_accepted(scores, message):
    with pytest.raises(InputError, match=message):
        check_scores(scores)
