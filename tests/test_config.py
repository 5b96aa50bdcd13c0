import dataclasses
import json

import pytest

from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.recipes import RECIPES


@pytest.mark.parametrize("recipe", RECIPES)
def test_json_both_ways(recipe):
    config = RunConfig(task="mnist:5-vs-7", size=100, recipe=recipe, seed=3, stage_one=StageOneConfig(alpha=7))
    assert RunConfig.from_json(config.to_json()) == config


def test_the_recipe_fills_the_stages():
    assert RunConfig(recipe="paper").stage_one == RECIPES["paper"].stage_one
    partial = RunConfig.from_json(json.dumps({"recipe": "paper", "stage_one": {"beta": 0.1}}))
    assert partial.stage_one == dataclasses.replace(RECIPES["paper"].stage_one, beta=0.1)


def test_the_paper_recipe_keeps_the_losses_of_the_paper():
    for name in ("literal", "paper"):
        stage = RECIPES[name].stage_one
        assert (stage.alpha, stage.beta, stage.loss, stage.width, stage.epochs) == (5.0, 0.5, "bce", 1.0, 40)
        assert stage.translation == 0
    assert RECIPES["literal"].stage_one.kernel_size == 3


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RunConfig(recipe="best"), "Expected recipe to be one of literal, paper, modern; got 'best'"),
        (lambda: RunConfig(pi_p=1.2), "Expected pi_p to be finite and above 0 and at most 1; got 1.2"),
        (lambda: RunConfig(size=0), "Expected size to be finite and above 0; got 0"),
        (lambda: RunConfig(size=1.5), "Expected size to be int or null; got 1.5"),
        (lambda: RunConfig(seed=-1), "Expected seed to be finite and at least 0; got -1"),
        (lambda: RunConfig(task=5), "Expected task to be str; got 5"),
        (lambda: RunConfig(overwrite=1), "Expected overwrite to be bool; got 1"),
        (lambda: StageOneConfig(epochs=0), "Expected epochs to be finite and above 0; got 0"),
        (lambda: StageOneConfig(epochs=True), "Expected epochs to be int; got True"),
        (lambda: StageOneConfig(loss="hinge"), "Expected loss to be one of bce, mse; got 'hinge'"),
        (lambda: StageOneConfig(spectral_norm="addon"), "one of exact, keras, addons, none; got 'addon'"),
        (
            lambda: StageOneConfig(g_learning_rate=float("nan")),
            "Expected g_learning_rate to be finite and above 0; got nan",
        ),
        (lambda: StageOneConfig(decay_share=-1), "Expected decay_share to be finite and at least 0; got -1"),
        (lambda: StageOneConfig(width=float("inf")), "Expected width to be finite and above 0; got inf"),
        (lambda: StageOneConfig(beta=-1.0), "Expected beta to be finite and at least 0; got -1.0"),
        (
            lambda: StageOneConfig(translation=1.0),
            "Expected translation to be finite and at least 0 and below 1; got 1.0",
        ),
        (
            lambda: StageOneConfig(translation_probability=1.5),
            "Expected translation_probability to be finite and at least 0 and at most 1; got 1.5",
        ),
        (lambda: StageTwoConfig(batch_size=7), "accepted are even sizes"),
        (lambda: StageTwoConfig(samples_per_epoch=64), "accepted is one batch or more"),
        (
            lambda: RunConfig.from_json('{"recipe": []}'),
            r"Expected recipe to be one of literal, paper, modern; got \[\]",
        ),
        (lambda: StageTwoConfig(num_images=3), "Expected num_images to be finite and at least 4; got 3"),
        (lambda: RunConfig.from_json("{"), "Expected the configuration to be JSON"),
        (lambda: RunConfig.from_json("[]"), r"Expected the configuration to be an object with task.*; got \[\]"),
        (lambda: RunConfig.from_json('{"tsk": 1}'), "keys to be among task.*; got 'tsk'"),
        (lambda: RunConfig.from_json('{"stage_one": {"alfa": 1}}'), "keys to be among epochs.*; got 'alfa'"),
    ],
)
def test_bad_values_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
