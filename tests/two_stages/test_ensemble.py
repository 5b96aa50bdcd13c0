import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, logit

import nlgan_tf as nl
from helpers.brightness import brightness_nlgan
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.noise_rates.calibration import VOTES_LOG_SCALE, Calibration, calibrate
from nlgan_tf.noise_rates.witnesses import build_witness
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.two_stages.cross_fitting import CrossFit, scores_of
from nlgan_tf.two_stages.ensemble import build_ensemble, who_joins
from nlgan_tf.two_stages.judging import Judge
from nlgan_tf.two_stages.stage_two import Evidence


def fit_of(*models) -> CrossFit:
    return CrossFit(list(models), np.arange(8) % len(models), StageOneConfig())


def test_the_logit_is_the_mean_of_the_classifiers_and_the_calibrated_discriminators(tmp_path):
    fit = fit_of(brightness_nlgan(slope=4.0), brightness_nlgan(slope=1.0, offset=0.5))
    judge = Judge(fit, ((0.5, 2.0), (0.0, 0.25)), Calibration(0.1, 1.5, 2.0, -0.3))
    classifier = nl.build_classifier((8, 8, 1), width=0.1, network="small")
    images = np.array([0, 255], np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    # Scores -4 and 4 of the first D, -1.5 and .5 of the second.
    standard = np.array([(np.array([-4, 4]) - 0.5) / 2.0, np.array([-1.5, 0.5]) / 0.25])
    of_discriminators = (2.0 * (standard - 0.1) / 1.5 - 0.3).mean(axis=0)
    expected = (predict_logits(classifier, images)[:, 0] + of_discriminators) / 2
    ensemble = build_ensemble(classifier, ["D"], judge, evidence=None)
    assert ensemble.output_shape == (None, 1)
    np.testing.assert_allclose(predict_logits(ensemble, images)[:, 0], expected, rtol=1e-4)
    ensemble.save(tmp_path / "ensemble.keras")
    again = nl.load_model(tmp_path / "ensemble.keras")
    np.testing.assert_array_equal(predict_logits(again, images), predict_logits(ensemble, images))


def test_trained_discriminators_agree_with_their_judge(images, tiny_model):
    fit = fit_of(tiny_model(), tiny_model(1), tiny_model(2))
    judge = Judge(fit, ((0.1, 2.0),) * 3, Calibration(0.0, 1.0, 1.0, 0.0))
    blind = nl.build_classifier((8, 8, 1), width=0.1)
    blind.set_weights([np.zeros_like(weight) for weight in blind.get_weights()])
    logits = 2 * predict_logits(build_ensemble(blind, ["D"], judge, evidence=None), images)[:, 0]
    expected = np.mean([(scores_of(model, images) - 0.1) / 2 for model in fit.models], axis=0)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def digits() -> tuple[nl.ImageTask, Evidence]:
    """Bundled digits, and a fifth of the training images as originals."""
    task, priors = nl.load_task("digits:5,7-vs-2,4"), nl.NoisePriors(0.7, 0.85)
    known = task.images[::5], nl.corrupt_labels(task.labels[::5], priors, seed=0), priors
    return task, Evidence(*known, posterior=None, drawn_images=None, drawn_posterior=None)


@pytest.mark.parametrize(("heard", "share"), [(("groups",), 1), (("D", "groups"), 0.5)])
def test_votes_have_their_share_of_what_is_heard(digits, heard, share, tmp_path):
    task, evidence = digits
    classifier = nl.build_classifier(task.image_shape, width=0.1, network="small")
    judge = Judge(fit_of(None), ((0.0, 1.0),), Calibration(0.0, 1.0, 1.0, 0.0), heard)
    ensemble = build_ensemble(classifier, ["groups"], judge, evidence, seed=3)
    known = evidence.images, evidence.noisy_labels
    votes = build_witness("groups", *known, priors=evidence.priors, seed=3)
    calibration = calibrate(votes.scores, known[1], evidence.priors, VOTES_LOG_SCALE)
    of_groups = logit(calibration(votes.score_others(task.test_images)).astype(np.float64))
    expected = (predict_logits(classifier, task.test_images)[:, 0] + share * of_groups) / (1 + share)
    np.testing.assert_allclose(predict_logits(ensemble, task.test_images)[:, 0], expected, rtol=1e-3, atol=1e-3)
    assert np.mean((expected > 0) == task.test_labels) > 0.95
    ensemble.save(tmp_path / "ensemble.keras")
    in_a_clean_process = "import sys, nlgan_tf; print(nlgan_tf.load_model(sys.argv[1]).name)"
    command = [sys.executable, "-c", in_a_clean_process, tmp_path / "ensemble.keras"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["ensemble"]
    again = nl.load_model(tmp_path / "ensemble.keras")
    np.testing.assert_array_equal(*(predict_logits(model, task.test_images) for model in (again, ensemble)))


@pytest.mark.slow
def test_votes_are_served_as_they_are_trained(digits, tmp_path):
    task, evidence = digits
    classifier = nl.build_classifier(task.image_shape, width=0.1, network="small")
    judge = Judge(fit_of(None), ((0.0, 1.0),), Calibration(0.0, 1.0, 1.0, 0.0), ("groups",))
    ensemble = build_ensemble(classifier, ["groups"], judge, evidence)
    version = nl.export_classifier(ensemble, tmp_path, images=task.images)
    served = tf.saved_model.load(str(version)).signatures["serving_uint8"]
    probability = served(images=tf.constant(task.test_images))["probability"]
    np.testing.assert_allclose(probability, expit(predict_logits(ensemble, task.test_images)[:, 0]), atol=1e-5)
    assert max(row["deviation"] for row in nl.check_export(version)) <= 1e-5


AUTO = StageTwoConfig(served="auto", learns_from="both", witness="auto")


@pytest.mark.parametrize(
    ("changes", "folds", "heard", "shape", "expected"),
    [
        ({}, 2, ("D",), (8, 8, 1), ("D",)),
        ({}, 1, ("D",), (8, 8, 1), ()),  # D has learned the labels.
        ({}, 2, ("D", "groups"), (24, 24, 1), ("D", "groups")),
        ({}, 1, ("D", "groups"), (24, 24, 1), ("groups",)),
        ({}, 2, ("groups",), (24, 24, 1), ("groups",)),  # A D that is not heard on the originals does not join.
        ({}, 2, ("D", "hog"), (24, 24, 3), ()),  # A classifier on HOG judges too.
        ({"witness": None}, 2, ("D",), (24, 24, 3), ("D",)),
        ({"served": "classifier"}, 2, ("D", "groups"), (24, 24, 1), ()),
        ({"network": "features"}, 2, ("D",), (8, 8, 1), ()),
    ],
)
def test_those_who_are_heard_join_where_they_judge_what_they_have_not_seen(changes, folds, heard, shape, expected):
    config = dataclasses.replace(AUTO, **changes)
    fit = CrossFit([None] * folds, np.zeros(4, int), StageOneConfig())
    judge = Judge(fit, ((0.0, 1.0),) * folds, Calibration(0.0, 1.0, 1.0, 0.0), heard)
    assert who_joins(config, judge, np.zeros((4, *shape), np.uint8)) == expected
