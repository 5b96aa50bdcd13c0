import dataclasses
import json

import pytest

from nlgan_tf.config import RECIPES, RunConfig, StageOneConfig, StageTwoConfig


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
        (lambda: RunConfig(recipe="best"), "recipe='best' is unknown: accepted are literal, paper, modern"),
        (lambda: RunConfig(pi_p=1.2), "out of range"),
        (lambda: RunConfig(size=0), "size=0 is out of range"),
        (lambda: RunConfig(size=1.5), "size=1.5 has the wrong type: accepted is int or null"),
        (lambda: RunConfig(seed=-1), "seed=-1 is negative"),
        (lambda: RunConfig(task=5), "task=5 has the wrong type: accepted is str"),
        (lambda: RunConfig(overwrite=1), "accepted is bool"),
        (lambda: StageOneConfig(epochs=0), "epochs=0 is out of range"),
        (lambda: StageOneConfig(epochs=True), "epochs=True has the wrong type"),
        (lambda: StageOneConfig(loss="hinge"), "loss='hinge' is unknown: accepted are bce, mse"),
        (lambda: StageOneConfig(spectral_norm="addon"), "accepted are exact, keras, addons, none"),
        (lambda: StageOneConfig(g_learning_rate=float("nan")), "out of range"),
        (lambda: StageOneConfig(decay_share=-1), "decay_share=-1 is out of range"),
        (lambda: StageOneConfig(width=float("inf")), "accepted are finite values above 0"),
        (lambda: StageOneConfig(beta=-1.0), "beta=-1.0 is out of range"),
        (lambda: StageOneConfig(translation=1.0), "translation=1.0 is out of range"),
        (lambda: StageOneConfig(translation_probability=1.5), "translation_probability=1.5 is out of range"),
        (lambda: StageTwoConfig(batch_size=7), "accepted are even sizes"),
        (lambda: StageTwoConfig(samples_per_epoch=64), "accepted is one batch or more"),
        (lambda: RunConfig.from_json('{"recipe": []}'), "is unknown: accepted are literal, paper, modern"),
        (lambda: StageTwoConfig(num_images=3), "accepted are 4 and more"),
        (lambda: RunConfig.from_json("{"), "no JSON"),
        (lambda: RunConfig.from_json("[]"), r"holds \[\]: accepted is an object"),
        (lambda: RunConfig.from_json('{"tsk": 1}'), "unknown key 'tsk': accepted are task"),
        (lambda: RunConfig.from_json('{"stage_one": {"alfa": 1}}'), "unknown key 'alfa'"),
    ],
)
def test_bad_values_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
