import math
import re

import pytest

from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.recipes import RECIPES
from nlgan_tf.tuning.config import TRIALS, SearchConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tuner": "genetic"}, "Expected tuner to be one of random, bayesian, hyperband, grid; got 'genetic'"),
        ({"trials": 0}, "Expected trials to be finite and above 0; got 0"),
        ({"trials": 1.5}, "Expected trials to be int or null; got 1.5"),
        ({"minutes": -1.0}, "Expected minutes to be finite and above 0; got -1.0"),
        ({"trial_epochs": 0}, "Expected trial_epochs to be finite and above 0; got 0"),
        ({"validation_split": 1.0}, "Expected validation_split to be finite and above 0 and below 1; got 1.0"),
        ({"grid_points": 1}, "Expected grid_points to be finite and at least 2; got 1"),
        ({"objective": "luck"}, "Expected objective to be one of corrected_accuracy, .*; got 'luck'"),
        ({"objective": "clean_accuracy"}, "Expected clean images and labels for objective 'clean_accuracy', got none"),
        ({"tune": ["alpha"]}, r"Expected tune to be dict; got \['alpha'\]"),
        ({"tune": {"gamma": None}}, "Expected settings to tune among alpha, beta, .*; got 'gamma'"),
    ],
)
def test_bad_settings_are_refused_before_any_data_are_read(settings, message):
    with pytest.raises(InputError, match=message):
        SearchConfig(RunConfig(), **settings)


@pytest.mark.parametrize("name", ["we[i]rd dir", "st*r", "what?", "back\\slash"])
def test_a_folder_whose_trials_keras_tuner_would_not_find_again_is_refused(name):
    with pytest.raises(
        InputError, match=r"Expected a folder without the characters .* in its path, got .*/" + re.escape(name)
    ):
        SearchConfig(RunConfig(), project=name)


def test_the_budget_in_trials():
    def most(**settings) -> int | None:
        return SearchConfig(RunConfig(), **settings).most_trials

    assert (most(), most(trials=3), most(minutes=5.0), most(trials=3, minutes=5.0)) == (TRIALS, 3, None, 3)
    assert (most(tuner="hyperband"), most(tuner="hyperband", trials=4)) == (None, 4)


def test_a_trial_has_half_of_the_epochs_and_a_folder_of_its_task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = SearchConfig(RunConfig(task="mnist:5-vs-7"))
    assert config.epochs == math.ceil(RECIPES["modern"].stage_one.epochs / 2)
    assert SearchConfig(RunConfig(), trial_epochs=3).epochs == 3
    assert config.folder == tmp_path / "tuning" / "mnist_5-vs-7"
    assert SearchConfig(RunConfig(), project="here").folder == tmp_path / "here"
