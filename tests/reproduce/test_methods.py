import dataclasses

import pytest

from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines import BASELINES
from nlgan_tf.recipes import RECIPES
from nlgan_tf.reproduce.conditional_gan import ANCESTORS
from nlgan_tf.reproduce.measure import PARTS
from nlgan_tf.reproduce.methods import METHODS, check_method, default_methods


@pytest.mark.parametrize("name", METHODS)
def test_every_method_can_be_run_in_exactly_one_way(name):
    method = METHODS[name]
    ways = (name in BASELINES, name in ANCESTORS, method.changes is not None, method.part_of is not None)
    assert sum(ways) == 1
    assert method.levels in ("noisy", "clean", "all")
    # A generator's images train a classifier.
    assert (method.stage_one > 0) == (not ways[0])
    assert method.fits > 0 or not method.stage_one


def test_every_baseline_and_every_ancestor_is_a_method():
    assert METHODS.keys() >= {*BASELINES, *ANCESTORS}


def test_parts_and_methods_of_frozen_features_run_where_they_can():
    assert [name for name, method in METHODS.items() if method.part_of] == list(PARTS)
    assert {METHODS[name].part_of for name in PARTS} == {"nlgan"}
    assert not set(default_methods(with_features=True)) & set(PARTS)
    of_features = {"frozen-lr", "frozen-cleanlab", "frozen-groups"}
    assert set(default_methods(with_features=True)) - set(default_methods()) == of_features
    assert "no-gan" in default_methods()


def test_variants_of_nlgan_change_settings_of_either_stage():
    variants = {
        name: {"stage_one": method.changes, "stage_two": method.stage_two}
        for name, method in METHODS.items()
        if method.changes is not None
    }
    of_recipe_modern = {
        "nlgan-no-averages": {"stage_one": {"ema": 0.0}, "stage_two": {}},
        "nlgan-no-augmentation": {"stage_one": {"augment": None}, "stage_two": {"augment": None}},
        "nlgan-no-adversary": {"stage_one": {"beta": 0.0}, "stage_two": {}},
        "nlgan-no-refinement": {"stage_one": {"refine_epochs": 0}, "stage_two": {}},
        "nlgan-no-witness": {"stage_one": {}, "stage_two": {"witness": None}},
        "nlgan-one-round": {"stage_one": {}, "stage_two": {"rounds": 1}},
    }
    of_stage_one = {
        "nlgan": {},
        # The paper's section 2.2.3, and SAGAN's attention.
        "nlgan-attention": {"attention": True},
        "nlgan-batch-norm": {"d_batch_norm": True, "spectral_norm": None},
        "nlgan-generator-dropout": {"generator_dropout": True},
    }
    expected = {name: {"stage_one": changes, "stage_two": {}} for name, changes in of_stage_one.items()}
    assert variants == {**expected, **of_recipe_modern}
    for name, both in variants.items():
        recipe = RECIPES["modern" if name in of_recipe_modern else "paper"]
        for stage, changes in both.items():
            settings = getattr(recipe, stage)
            assert not changes or dataclasses.replace(settings, **changes) != settings


def test_methods_around_cleanlab_say_so():
    assert {name for name, method in METHODS.items() if method.library == "cleanlab"} == {
        "cleanlab",
        "cleanlab-logistic",
    }


def test_an_unknown_method_is_one_clear_line():
    assert check_method("nlgan") == "nlgan"
    with pytest.raises(InputError, match=r"Expected method to be one of nlgan, pn, .*; got 'magic'"):
        check_method("magic")
