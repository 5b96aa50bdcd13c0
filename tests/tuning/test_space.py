import dataclasses
import importlib.util

import keras_tuner
import pytest

from nlgan_tf.compat.installed import SPECTRAL_NORMS
from nlgan_tf.config import StageOneConfig, option, options
from nlgan_tf.errors import InputError
from nlgan_tf.recipes import RECIPES
from nlgan_tf.tuning.space import DEFAULT, TUNABLE, SearchSpace

BASE = RECIPES["paper"].stage_one


def samples(space: SearchSpace, count: int = 50) -> list[StageOneConfig]:
    """Random points of the space, as keras-tuner draws them."""
    hp = keras_tuner.HyperParameters()
    space.stage_one(hp)
    drawn = []
    for seed in range(count):
        hp.values = {item.name: item.random_sample(100 * seed + index) for index, item in enumerate(hp.space)}
        drawn.append(space.stage_one(hp))
    return drawn


def test_ranges_and_choices_are_those_of_the_settings():
    accepted = options(StageOneConfig)
    for name, its_option in accepted.items():
        expected = its_option.search or its_option.names
        if name == "spectral_norm":
            expected = tuple(choice for choice in expected if choice in (*SPECTRAL_NORMS, "none"))
        assert TUNABLE.get(name, ()) == tuple(expected), name
    assert (TUNABLE["alpha"], TUNABLE["loss"], TUNABLE["batch_norm"]) == (
        (1, 20),
        ("bce", "mse"),
        ("transposed", "all"),
    )
    assert set(TUNABLE["spectral_norm"]) == {*SPECTRAL_NORMS, "none"}


def test_a_new_range_of_a_setting_is_searched(monkeypatch):
    @dataclasses.dataclass(frozen=True)
    class WithMomentum(StageOneConfig):
        momentum: float = option(0.5, "Momentum", search=(0.1, 0.9))

    from nlgan_tf import config

    monkeypatch.setattr(config, "StageOneConfig", WithMomentum)
    found = importlib.util.module_from_spec(importlib.util.find_spec("nlgan_tf.tuning.space"))
    found.__spec__.loader.exec_module(found)
    assert found.TUNABLE == {**TUNABLE, "momentum": (0.1, 0.9)}


@pytest.mark.parametrize("name", sorted({"exact", "keras", "addons"} - set(SPECTRAL_NORMS)))
def test_a_choice_that_only_the_other_stack_has_is_refused_before_any_trial(name):
    with pytest.raises(InputError, match=f"Expected spectral_norm to be one of .*none; got '{name}'"):
        SearchSpace({"spectral_norm": (name,)}, BASE)


def test_alpha_is_above_beta_and_both_are_on_a_log_scale():
    drawn = samples(SearchSpace(DEFAULT, BASE), 400)
    assert all(config.alpha > config.beta for config in drawn)
    # The median of a log-uniform variable is the geometric mean of its bounds.
    alphas, betas = sorted(config.alpha for config in drawn), sorted(config.beta for config in drawn)
    assert alphas[200] == pytest.approx((1 * 20) ** 0.5, rel=0.25)
    assert betas[200] == pytest.approx((0.05 * 0.95) ** 0.5, rel=0.25)


def test_the_first_point_is_the_recipe():
    assert SearchSpace(TUNABLE, BASE).stage_one(keras_tuner.HyperParameters()) == BASE


def test_every_field_that_can_be_tuned_varies_and_is_accepted():
    drawn = samples(SearchSpace(TUNABLE, BASE))
    for name in TUNABLE:
        assert len({getattr(config, name) for config in drawn}) > 1, name
    assert any(config.spectral_norm is None for config in drawn)
    assert {config.spectral_norm for config in samples(SearchSpace({"spectral_norm": (None,)}, BASE))} == {None}


def test_ranges_and_choices_of_ones_own():
    space = SearchSpace({"alpha": (2, 3), "beta": None, "loss": ("mse",), "dropout": (0.1, 0.2)}, BASE)
    for config in samples(space):
        assert 2 <= config.alpha <= 3
        assert 0.1 <= config.dropout <= 0.2
        assert config.loss == "mse"
        assert config.translation == BASE.translation


def test_a_grid_has_so_many_points():
    hp = keras_tuner.HyperParameters()
    SearchSpace({"alpha": (1, 8), "beta": (0.1, 0.9)}, BASE, points=4).stage_one(hp)
    assert hp.space[0].values == [1, 2, 4, 8]
    assert len(hp.space[1].values) == 4


def test_values_that_are_given_override_the_search_and_the_recipe():
    hp = keras_tuner.HyperParameters()
    hp.Fixed("alpha", 7.0)
    hp.Fixed("dropout", 0.25)
    config = SearchSpace(DEFAULT, BASE).stage_one(hp)
    assert (config.alpha, config.dropout) == (7.0, 0.25)


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (("gamma",), "Expected settings to tune among alpha, beta, .*; got 'gamma'"),
        (("epochs",), "Expected settings to tune among alpha, beta, .*; got 'epochs'"),
        ((), "Expected at least one setting to tune, of alpha, beta, .*; got none"),
        ({"alpha": (5, 2)}, r"Expected a range of alpha, two numbers with the lowest first; got \(5, 2\)"),
        ({"alpha": ("low", "high")}, "Expected a range of alpha, two numbers with the lowest first"),
        ({"alpha": (0, 2)}, "Expected alpha to be finite and above 0; got 0"),
        ({"beta": (0, 0.5)}, "Expected beta to be above 0, since its scale is logarithmic; got 0"),
        ({"alpha": (0.1, 2), "beta": None}, "Expected alpha > beta in all .*, got alpha from 0.1 and beta up to 0.95"),
        ({"beta": (0.1, 7)}, "Expected alpha > beta in all of the search, got alpha from 5 and beta up to 7"),
        ({"dropout": (0.1, 1.5)}, r"Expected dropout to be finite and at least 0 and below 1; got 1.5"),
        ({"loss": ("hinge",)}, "Expected loss to be one of bce, mse; got 'hinge'"),
        ({"loss": ()}, "Expected at least one choice of loss, of bce, mse; got none"),
    ],
)
def test_contradictions_are_one_clear_line(tune, message):
    with pytest.raises(InputError, match=message):
        SearchSpace(tune, BASE)


def test_a_grid_of_one_point_is_refused():
    with pytest.raises(InputError, match="Expected at least 2 points of each range, got 1"):
        SearchSpace(DEFAULT, BASE, points=1)
