import dataclasses
import json

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.brightness import brightness_nlgan
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.gan.augment import RandomTranslation
from nlgan_tf.noise_rates.calibration import VOTES_LOG_SCALE, Calibration, calibrate
from nlgan_tf.noise_rates.posterior import label_posterior
from nlgan_tf.noise_rates.witnesses import build_witness
from nlgan_tf.two_stages.cross_fitting import CrossFit, scores_of
from nlgan_tf.two_stages.judging import Judge, judge_drawn, judge_originals, witnesses_for

PRIORS = nl.NoisePriors(0.7, 0.85)
PLAIN = StageTwoConfig()


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.asarray(logits, np.float64)))


def bright_positives(n: int, shape=(8, 8, 1)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, true and noisy labels: positives are bright."""
    rng = np.random.default_rng(0)
    true = np.arange(n) % 2
    levels = np.clip(rng.normal(90 + 80 * true, 10), 0, 255)
    images = (levels[:, None, None, None] * np.ones((1, *shape))).astype(np.uint8)
    return images, true, nl.corrupt_labels(true, PRIORS, seed=0)


def fit_of(models: list, n: int) -> CrossFit:
    """A cross-fit whose folds are dealt in pairs, so that each has both labels."""
    return CrossFit(models, np.arange(n) // 2 % len(models), StageOneConfig())


@pytest.fixture
def judge() -> Judge:
    fit = fit_of([brightness_nlgan(slope=4.0), brightness_nlgan(slope=1.0, offset=0.5)], 8)
    return Judge(fit, ((0.5, 2.0), (0.0, 0.25)), Calibration(0.1, 1.5, 2.0, -0.3))


def test_the_probability_is_the_mean_of_the_calibrated_discriminators(judge):
    images = np.array([0, 255], np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    # Scores -4 and 4 of the first D, -1.5 and .5 of the second.
    first, second = (np.array([-4, 4]) - 0.5) / 2.0, np.array([-1.5, 0.5]) / 0.25
    expected = np.mean([sigmoid(2.0 * (score - 0.1) / 1.5 - 0.3) for score in (first, second)], axis=0)
    found = judge.probability(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_json_both_ways(judge):
    again = Judge.from_dict(judge.fit, json.loads(json.dumps(judge.to_dict())))
    assert again.to_dict() == judge.to_dict()
    assert (again.standards, again.calibration) == (judge.standards, judge.calibration)
    alone = dataclasses.replace(judge, heard=("groups",))
    assert Judge.from_dict(judge.fit, json.loads(json.dumps(alone.to_dict()))).heard == ("groups",)
    # As written before other witnesses could be heard alone.
    assert Judge.from_dict(judge.fit, {k: v for k, v in judge.to_dict().items() if k != "heard"}).heard == ("D",)
    assert again.fit is judge.fit


def test_a_judge_looks_at_images_as_they_are(images):
    fit = fit_of([brightness_nlgan(augment=RandomTranslation(0.25))], 40)
    judge = Judge(fit, ((0.0, 1.0),), Calibration(0.0, 1.0, 1.0, 0.0))
    expected = sigmoid(scores_of(fit.models[0], images))
    np.testing.assert_allclose(judge.probability(images), expected, rtol=1e-5)


def test_the_standards_and_the_posterior_by_hand():
    images, _, noisy = bright_positives(80)
    fit = fit_of([brightness_nlgan(slope=4.0), brightness_nlgan(slope=1.0, offset=0.5)], 80)
    judged = judge_originals(fit, images, noisy, PRIORS, PLAIN)
    level = images[:, 0, 0, 0] / 127.5 - 1
    scores = np.where(fit.folds == 0, 4 * level, level - 0.5)
    for number, (mean, std) in enumerate(judged.judge.standards):
        its = scores[fit.folds == number]
        assert (mean, std) == pytest.approx((its.mean(), its.std()), rel=1e-3)
        scores[fit.folds == number] = (its - its.mean()) / its.std()
    expected = label_posterior(calibrate(scores, noisy, PRIORS)(scores), noisy, PRIORS)
    assert judged.posterior.dtype == np.float32
    np.testing.assert_allclose(judged.posterior, expected, atol=1e-3)


def test_discriminators_of_different_scales_tell_the_true_labels():
    images, true, noisy = bright_positives(80)
    fit = fit_of([brightness_nlgan(slope=40.0, offset=30.0), brightness_nlgan(slope=0.1, offset=-3.0)], 80)
    judged = judge_originals(fit, images, noisy, PRIORS, PLAIN)
    np.testing.assert_array_equal(judged.posterior > 0.5, true == 1)
    np.testing.assert_array_equal(judged.judge.probability(images) > 0.5, true == 1)
    assert judged.remarks == ()


def test_each_image_is_judged_by_the_discriminator_of_its_own_fold():
    images, true, noisy = bright_positives(80)
    knows, blind = brightness_nlgan(slope=4.0), brightness_nlgan(slope=0.0)
    fit = fit_of([knows, blind], 80)
    posterior = judge_originals(fit, images, noisy, PRIORS, PLAIN).posterior
    known = fit.judged_by(0)
    np.testing.assert_array_equal(posterior[known] > 0.5, true[known] == 1)
    # The blind D leaves the noisy label alone to tell.
    for label in (0, 1):
        assert np.ptp(posterior[~known & (noisy == label)]) < 1e-3


def test_a_noisy_label_moves_the_posterior_as_bayes_says():
    noisy = np.tile([1, 0, 0, 1], 10)
    images = np.full((40, 8, 8, 1), 100, np.uint8)
    posterior = judge_originals(fit_of([brightness_nlgan()], 40), images, noisy, PRIORS, PLAIN).posterior
    # All images look alike: what is known of each is the purity of its label.
    np.testing.assert_allclose(posterior[noisy == 1], 0.7, atol=0.03)
    np.testing.assert_allclose(posterior[noisy == 0], 0.15, atol=0.03)


@pytest.mark.parametrize(
    ("witness", "shape", "has_features", "expected"),
    [
        ("auto", (24, 24, 3), False, ["hog"]),
        ("auto", (24, 24, 3), True, ["hog", "features", "feature-groups"]),
        ("auto", (24, 20, 3), False, []),  # HOG refuses it.
        ("auto", (16, 20, 1), False, ["groups"]),
        ("auto", (15, 20, 1), False, []),  # Too small for four cells of HOG.
        ("auto", (24, 24, 1), True, ["groups", "features", "feature-groups"]),
        ("hog", (24, 24, 3), True, ["hog"]),
        ("features", (24, 24, 3), True, ["features"]),
        (None, (24, 24, 3), True, []),
    ],
)
def test_the_witnesses_are_the_configured_one_or_those_of_the_kind(witness, shape, has_features, expected):
    config = StageTwoConfig(witness=witness, learns_from="both")
    images = np.zeros((2, *shape), np.uint8)
    assert witnesses_for(config, images, mean_vectors if has_features else None) == expected


def mean_vectors(images):
    """One number an image, and its negative."""
    means = images.mean(axis=(1, 2, 3))[:, None] / 255
    return np.concatenate([means, 1 - means], axis=1)


def test_features_judge_where_the_discriminator_is_blind():
    images, true, noisy = bright_positives(80)
    fit = fit_of([brightness_nlgan(slope=0.0)], 80)
    config = StageTwoConfig(witness="features", learns_from="both")
    judged = judge_originals(fit, images, noisy, PRIORS, config, features=mean_vectors)
    np.testing.assert_array_equal(judged.posterior > 0.5, true == 1)
    assert any(remark.startswith("Judge of the labels features: kept, ") for remark in judged.remarks)
    with pytest.raises(nl.InputError, match="Expected features"):
        judge_originals(fit, images, noisy, PRIORS, config)


def bars(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Grey images of equal brightness on average, and their classes: bars along (1) or across (0)."""
    true = np.arange(n) % 2
    images = np.random.default_rng(0).integers(0, 60, (n, 24, 24, 1), dtype=np.uint8)
    for image, label in zip(images, true, strict=True):
        shown = image[4:20:4] if label else image[:, 4:20:4]
        shown += np.uint8(190)
    return images, true


@pytest.mark.parametrize(("folds", "expected"), [(2, ("groups",)), (1, ("D", "groups"))])
def test_groups_are_heard_before_a_discriminator_of_few_images(folds, expected):
    images, true = bars(80)
    noisy = nl.corrupt_labels(true, PRIORS, seed=0)
    fit = fit_of([brightness_nlgan(shape=(24, 24, 1))] * folds, 80)
    if folds == 1:
        # D has learned the labels, so nothing is compared with it.
        images = np.clip(images + 30 * noisy[:, None, None, None], 0, 255).astype(np.uint8)
    judged = judge_originals(fit, images, noisy, PRIORS, StageTwoConfig(witness="auto"))
    assert judged.judge.heard == expected
    if folds == 2:
        np.testing.assert_array_equal(judged.posterior > 0.5, true == 1)
        votes = build_witness("groups", images, noisy, priors=PRIORS).scores
        probability = calibrate(votes, noisy, PRIORS, VOTES_LOG_SCALE)(votes)
        np.testing.assert_allclose(judged.posterior, label_posterior(probability, noisy, PRIORS), atol=1e-3)


def test_groups_of_features_are_heard_first_on_few_colour_images():
    images, true = bars(80)
    images = np.repeat(images, 3, axis=3)
    noisy = nl.corrupt_labels(true, PRIORS, seed=0)
    fit = fit_of([brightness_nlgan(shape=(24, 24, 3))] * 2, 80)
    config = StageTwoConfig(witness="auto")
    edges = judge_originals(fit, images, noisy, PRIORS, config, features=mean_edges)
    assert edges.judge.heard == ("feature-groups",)
    np.testing.assert_array_equal(edges.posterior > 0.5, true == 1)
    # Features that say nothing are not preferred to what tells the classes.
    blind = judge_originals(fit, images, noisy, PRIORS, config, features=lambda images: np.ones((len(images), 2)))
    assert "hog" in blind.judge.heard


def mean_edges(images):
    """Mean differences along and across."""
    levels = images.mean(axis=3)
    return np.stack([np.abs(np.diff(levels, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2)], axis=1)


def test_drawn_images_are_judged_by_who_is_heard_on_the_originals():
    images, true = bars(120)
    drawn, of_drawn, images, true = images[80:], true[80:], images[:80], true[:80]
    noisy = nl.corrupt_labels(true, PRIORS, seed=0)
    blind = fit_of([brightness_nlgan(shape=(24, 24, 1))] * 2, 80)
    judge = Judge(blind, ((0.0, 1.0),) * 2, Calibration(0.0, 1.0, 1.0, 0.0), ("groups",))
    found = judge_drawn(drawn, judge, images, noisy, PRIORS)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found > 0.5, of_drawn == 1)
    for names in (("groups", "D"), ("hog",), ("feature-groups",)):
        heard = dataclasses.replace(judge, heard=names)
        np.testing.assert_array_equal(judge_drawn(drawn, heard, images, noisy, PRIORS), judge.probability(drawn))


def test_a_witness_that_knows_more_is_kept_and_told_of():
    rng = np.random.default_rng(0)
    true = np.arange(100) % 2
    images = rng.integers(0, 30, (100, 24, 24, 3), dtype=np.uint8)
    for image, label in zip(images, true, strict=True):
        # Bars along or across: equally bright.
        bars = image[::4] if label else image[:, ::4]
        bars += np.uint8(200)
    noisy = nl.corrupt_labels(true, PRIORS, seed=0)
    fit = fit_of([brightness_nlgan(shape=(24, 24, 3), slope=4.0)], 100)
    alone = judge_originals(fit, images, noisy, PRIORS, PLAIN)
    judged = judge_originals(fit, images, noisy, PRIORS, StageTwoConfig(witness="auto"))
    assert alone.remarks == ()
    assert len(judged.remarks) == 2
    assert any(remark.startswith("Judge of the labels hog: kept, ") for remark in judged.remarks)
    assert np.mean((judged.posterior > 0.5) == true) > max(0.9, np.mean((alone.posterior > 0.5) == true))
