import numpy as np
import pytest

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.noise_rates.estimate import PriorsEstimate
from nlgan_tf.pipeline.report.verdicts import (
    how_many_wrong,
    training_went,
    trusted_by_test,
    trusted_without_test,
    which_are_wrong,
)

PRIORS = NoisePriors(0.7, 0.85)
NAMES = ("ham", "spam")
HEALTHY = {"noisy_accuracy": 0.78, "diversity_p": 0.8, "diversity_n": 0.9}


def estimated(separable: bool = True) -> PriorsEstimate:
    return PriorsEstimate(
        0.2, 0.8, (0.1, 0.3), (0.7, 0.9), (0.5, 0.5), separable, PRIORS, (0.6, 0.8), (0.8, 0.9), "a verdict"
    )


def test_wrong_labels_are_counted_by_the_quality():
    verdict = how_many_wrong((60, 40), NAMES, PRIORS, None, np.array([0.25] * 20 + [1.0] * 80))
    # 20 x .75 = 15 of 100; by the purities 60 x .3 + 40 x .15 = 24.
    assert verdict.answer == "About 15 of 100 (15%)"
    assert "as stated: 70% of the labels “spam” are right, and 85% of the labels “ham”." in verdict.detail
    assert "By them 24 labels are wrong." in verdict.detail


def test_without_a_posterior_the_purities_count():
    assert how_many_wrong((60, 40), NAMES, PRIORS, None, None).answer == "About 24 of 100 (24%)"


def test_intervals_of_the_purities_give_those_of_the_count():
    detail = how_many_wrong((60, 40), NAMES, PRIORS, estimated(), None).detail
    assert "70% [60%, 80%] of the labels “spam”" in detail
    # 60 x .2 + 40 x .1 = 16, and 60 x .4 + 40 x .2 = 32.
    assert "By them 16 to 32 labels are wrong." in detail


def test_purities_that_cannot_be_told_give_no_number():
    verdict = how_many_wrong((60, 40), NAMES, PRIORS, estimated(separable=False), np.full(100, 0.5))
    assert (verdict.answer, verdict.tone) == ("The run cannot tell", "bad")
    assert verdict.detail.endswith("could not be estimated: A verdict.")
    assert "--pi-p and --pi-n" in verdict.advice


def test_doubted_labels_are_those_below_one_half():
    quality = np.array([0.1, 0.49, 0.5, 0.9])
    verdict = which_are_wrong(quality, 24, np.array([True, False, True, False]))
    assert verdict.answer == "2 labels are likelier wrong than right"
    assert "2 labels are wrong, 1 of them among these." in verdict.detail
    assert verdict.link == "suspects"
    assert which_are_wrong(quality, 1).advice.startswith("Look at the 1 most doubtful labels,")
    assert which_are_wrong(quality[:1], 24).answer == "1 label is likelier wrong than right"
    assert which_are_wrong(quality[2:], 24).tone == "good"


@pytest.mark.parametrize(
    ("event", "answer", "advice"),
    [
        ("D memorises wrong labels: D agrees with 0.9 (epoch 4)", "No: D memorises wrong labels", "fewer epochs"),
        ("G_N has collapsed: its images (epoch 4)", "No: a generator has collapsed", "another --seed"),
        ("G_P does not learn: gap_p is 0.5 (epoch 9)", "No: a generator does not learn", "--g-learning-rate"),
    ],
)
def test_events_of_the_training_are_told_with_a_remedy(event, answer, advice):
    verdict = training_went(["other; news", event], HEALTHY, PRIORS)
    assert (verdict.answer, verdict.tone) == (answer, "bad")
    assert f"Reported: {event}." in verdict.detail
    assert "other" not in verdict.detail
    assert advice in verdict.advice


def test_a_training_without_events_went_well():
    verdict = training_went([], HEALTHY, NoisePriors(0.7, 0.9))
    # (.7 + .9) / 2 = .8
    assert "D agrees with 78% of the given labels; a perfect D agrees with 80%" in verdict.detail
    assert (verdict.tone, verdict.advice) == ("good", "")
    assert training_went([], {}, PRIORS).answer == "Not known"


@pytest.mark.parametrize(
    ("served", "tests", "peers", "answer", "tone"),
    [
        # 95% intervals: of .9 at 100 images .826 to .945, of .99 .946 to .998, of .95 .888 to .978.
        (0.9, 100, {"SVC": 0.99}, "A peer is better", "bad"),
        (0.9, 100, {"SVC": 0.95}, "Yes: 90.0% right, as good as its best peer", "good"),
        (0.9, 100, {"SVC": 0.82, "kNN": 0.6}, "Yes: 90.0% right, better than its best peer", "good"),
        (0.9, 100, {}, "Yes: 90.0% right", "good"),
        (0.55, 100, {}, "No better than chance", "bad"),
        (0.9, None, {"SVC": 0.91}, "A peer is better", "bad"),
    ],
)
def test_trust_by_test_labels(served, tests, peers, answer, tone):
    verdict = trusted_by_test(served, tests, peers)
    assert (verdict.answer, verdict.tone) == (answer, tone)


def test_the_interval_of_an_accuracy_is_told():
    assert "(95% interval 82.6% to 94.5%)" in trusted_by_test(0.9, 100, {}).detail


def test_without_test_labels_the_posterior_speaks_and_a_person_checks():
    verdict = trusted_without_test(np.array([0.1, 0.9, 0.6, 0.8]))
    # (.9 + .9 + .6 + .8) / 4 = .8
    assert "80% of the suggested labels" in verdict.detail
    assert verdict.tone == "attention"
    assert "by hand" in verdict.advice
    assert "suggested" not in trusted_without_test(None).detail
