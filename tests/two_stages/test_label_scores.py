import dataclasses

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.extractors import channel_means
from helpers.halves import halves
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.networks.extractor import FrozenFeatures
from nlgan_tf.recipes import RECIPES
from nlgan_tf.two_stages.label_scores import cross_fitted_beside_witness

PRIORS = nl.NoisePriors(0.7, 0.85)
STAGE_ONE = StageOneConfig(epochs=2, batch_size=16, samples_per_epoch=640, width=0.1, spectral_layers="all")
STAGES = {"stage_one": STAGE_ONE, "stage_two": StageTwoConfig()}


@pytest.fixture(scope="module")
def noisy_halves():
    """Images, true and noisy labels."""
    images, true = halves(80)
    return images, true, nl.corrupt_labels(true, PRIORS, seed=0)


def test_the_wrong_labels_come_first(noisy_halves):
    images, true, noisy = noisy_halves
    table = nl.score_labels(images, noisy, PRIORS, **STAGES)
    assert list(table.columns) == ["index", "given_label", "suggested_label", "quality"]
    assert sorted(table["index"]) == list(range(80))
    np.testing.assert_array_equal(table["given_label"], noisy[table["index"]])
    assert table["quality"].is_monotonic_increasing
    assert table["quality"].between(0, 1).all()
    wrong = np.flatnonzero(noisy != true)
    found = table["index"][: len(wrong)]
    assert len(np.intersect1d(found, wrong)) >= 0.9 * len(wrong)
    changed = table["given_label"] != table["suggested_label"]
    np.testing.assert_array_equal(changed, table["quality"] < 0.5)


def test_frozen_features_judge_where_d_has_learned_nothing(noisy_halves, capsys):
    images, true, noisy = noisy_halves
    left_and_right = [keras.layers.AveragePooling2D((8, 4)), keras.layers.Flatten()]
    features = keras.Sequential([keras.Input((8, 8, 1)), *left_and_right])
    stages = {
        "stage_one": dataclasses.replace(STAGE_ONE, epochs=1, samples_per_epoch=16),
        "stage_two": dataclasses.replace(RECIPES["modern"].stage_two, views=1),
    }
    table = nl.score_labels(images, noisy, PRIORS, features=features, verbose=1, **stages)
    wrong = np.flatnonzero(noisy != true)
    assert len(np.intersect1d(table["index"][: len(wrong)], wrong)) >= 0.9 * len(wrong)
    shown = capsys.readouterr().out
    assert "2 numbers an image" in shown
    # The groups tell the halves already, and a classifier of the same features adds nothing.
    assert "Judge of the labels feature-groups: kept" in shown


def test_colour_images_of_any_number_are_cross_fitted_beside_their_witness():
    modern = RECIPES["modern"]
    labels = np.arange(600) % 2
    colour, grey = np.zeros((600, 32, 32, 3), np.uint8), np.zeros((600, 28, 28, 1), np.uint8)
    assert cross_fitted_beside_witness(modern.stage_one, modern.stage_two, colour, labels).folds == 4
    rare = np.arange(600) < 3
    assert cross_fitted_beside_witness(modern.stage_one, modern.stage_two, colour, rare.astype(int)).folds == 3
    for stage_one, images in ((modern.stage_one, grey), (STAGE_ONE, colour)):
        assert cross_fitted_beside_witness(stage_one, modern.stage_two, images, labels) == stage_one
    assert cross_fitted_beside_witness(modern.stage_one, StageTwoConfig(), colour, labels) == modern.stage_one
    frozen = FrozenFeatures(channel_means((28, 28, 1), np.ones((1, 1), np.float32)), (28, 28, 1))
    assert cross_fitted_beside_witness(modern.stage_one, modern.stage_two, grey, labels, frozen).folds == 4


@pytest.mark.slow
def test_unknown_purities_are_estimated_and_lines_are_printed(noisy_halves, capsys):
    images, _, noisy = noisy_halves
    table = nl.score_labels(images, noisy, stage_one=STAGE_ONE, verbose=1)
    shown = capsys.readouterr().out
    assert "Estimated pi_p" in shown
    assert "Epoch 2/2" in shown
    assert len(table) == 80


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": "none"}, "recipe"),
        ({"priors": 0.7}, "priors"),
        ({"seed": -1}, "seed"),
        ({"noisy_labels": np.ones(80)}, "negatives"),
        ({"images": np.zeros((80, 6, 8, 1), np.uint8)}, "divisible by 4"),
    ],
)
def test_arguments_that_are_refused(noisy_halves, change, message):
    images, _, noisy = noisy_halves
    with pytest.raises(nl.InputError, match=message):
        nl.score_labels(**{"images": images, "noisy_labels": noisy, "priors": PRIORS, **change})
