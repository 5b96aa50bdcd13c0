import dataclasses

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.brightness import brightness_nlgan
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.noise_rates.calibration import Calibration
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.two_stages.cross_fitting import CrossFit, scores_of
from nlgan_tf.two_stages.ensemble import build_ensemble, serves_ensemble
from nlgan_tf.two_stages.judging import Judge


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
    ensemble = build_ensemble(classifier, judge)
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
    logits = 2 * predict_logits(build_ensemble(blind, judge), images)[:, 0]
    expected = np.mean([(scores_of(model, images) - 0.1) / 2 for model in fit.models], axis=0)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


AUTO = StageTwoConfig(served="auto", learns_from="both", witness="auto")


@pytest.mark.parametrize(
    ("changes", "folds", "heard", "shape", "expected"),
    [
        ({}, 2, ("D",), (8, 8, 1), True),
        ({}, 1, ("D",), (8, 8, 1), False),  # D has learned the labels.
        ({}, 2, ("groups", "D"), (24, 24, 1), True),
        ({}, 2, ("groups",), (24, 24, 1), False),  # What is not heard on the originals does not join.
        ({}, 2, ("hog", "D"), (24, 24, 3), False),  # A classifier on HOG judges too.
        ({"witness": None}, 2, ("D",), (24, 24, 3), True),
        ({"served": "classifier"}, 2, ("D",), (8, 8, 1), False),
        ({"network": "features"}, 2, ("D",), (8, 8, 1), False),
    ],
)
def test_the_discriminators_join_where_they_judge_what_they_have_not_seen(changes, folds, heard, shape, expected):
    config = dataclasses.replace(AUTO, **changes)
    fit = CrossFit([None] * folds, np.zeros(4, int), StageOneConfig())
    judge = Judge(fit, ((0.0, 1.0),) * folds, Calibration(0.0, 1.0, 1.0, 0.0), heard)
    assert serves_ensemble(config, judge, np.zeros((4, *shape), np.uint8)) is expected


def test_where_drawn_images_alone_are_learned_from_there_is_no_judge():
    assert not serves_ensemble(dataclasses.replace(AUTO, learns_from="drawn"), None, np.zeros((4, 8, 8, 1), np.uint8))
