import dataclasses
import json
from pathlib import Path

import pytest

from nlgan_tf.config import StageOneConfig
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline import config as config_module
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
        (lambda: RunConfig.from_json("{"), "Expected the configuration to be JSON"),
        (lambda: RunConfig.from_json("[]"), r"Expected the configuration to be an object with task.*; got \[\]"),
        (lambda: RunConfig.from_json('{"tsk": 1}'), "keys to be among task.*; got 'tsk'"),
        (lambda: RunConfig.from_json('{"stage_one": {"alfa": 1}}'), "keys to be among epochs.*; got 'alfa'"),
        (lambda: RunConfig.from_json('{"recipe": []}'), r"Expected recipe to be one of .*; got \[\]"),
        (lambda: RunConfig(pi_p=0.7), "Expected pi_p and pi_n, or neither; got pi_p=0.7, pi_n=None"),
        (lambda: RunConfig(task="nmist:5-vs-7"), "nmist"),
    ],
)
def test_bad_values_are_refused(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_a_simulation_has_purities_and_data_of_ones_own_have_none():
    assert (RunConfig().pi_p, RunConfig().pi_n) == (0.7, 0.85)
    assert RunConfig(task="npz:mine.npz").priors is None


def test_another_task_has_labels_of_its_own():
    text = RunConfig(task="folder:mine", positive="cat", image_size=32, corrupt=True).to_json()
    assert RunConfig.from_json(text).positive == "cat"
    other = RunConfig.from_json(text, task="npz:mine.npz")
    assert (other.positive, other.image_size, other.corrupt, other.priors) == (None, None, None, None)


def test_files_and_folders_get_absolute_paths_and_names_stay(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    (tmp_path / "mine.npz").touch()
    (tmp_path / "frozen.keras").touch()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path))

    def found(**settings) -> RunConfig:
        return RunConfig(**settings).with_absolute_paths()

    assert Path(found(task="folder:../photos").task.removeprefix("folder:")).samefile(tmp_path / "photos")
    assert found(task="folder:../photos").task.startswith("folder:/")
    assert found(task="npz:~/mine.npz").task == f"npz:{tmp_path / 'mine.npz'}"
    config = found(features="../frozen.keras", data_dir="~/photos")
    assert Path(config.features).samefile(tmp_path / "frozen.keras")
    assert config.data_dir == str(tmp_path / "photos")
    as_it_is = RunConfig(task="digits:5-vs-7", features="EfficientNetB0", data_dir="gs://bucket/sets")
    assert as_it_is.with_absolute_paths() == as_it_is


def test_a_relative_path_to_the_same_folder_is_no_other_task(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    text = RunConfig(task="folder:photos", pi_p=0.7, pi_n=0.85).with_absolute_paths().to_json()
    assert RunConfig.from_json(text, task="folder:photos").pi_p == 0.7
    assert RunConfig.from_json(text, task="folder:other").pi_p is None


def test_ways_of_reading_belong_to_folders():
    for name, value in {"image_size": 32, "skip_unreadable": True, "file_column": "a", "label_column": "b"}.items():
        for task in ("digits:5-vs-7", "npz:mine.npz"):
            with pytest.raises(InputError, match=f"Expected {name} with folder:PATH alone, got '{task}'"):
                RunConfig(task=task, **{name: value})
    assert RunConfig(task="npz:mine.npz", positive="cat").positive == "cat"
    with pytest.raises(InputError, match="Expected positive with folder:PATH alone"):
        RunConfig(positive="5")


def test_settings_leave_out_places_and_what_later_versions_added():
    config = RunConfig(run_dir="somewhere", data_dir="elsewhere", seed=3)
    assert {
        "run_dir",
        "data_dir",
        "overwrite",
        "checkpoint_seconds",
        "keep_checkpoints",
        "compare",
        "scale",
    }.isdisjoint(config.settings())
    assert config.settings()["seed"] == 3
    assert dataclasses.replace(config, compare=False).settings()["compare"] is False
    assert "devices" not in config.settings(without=("devices",))


@pytest.mark.parametrize("recipe", ["literal", "paper"])
def test_settings_of_earlier_recipes_are_those_of_before(recipe):
    # Runs of earlier versions go on: what they know nothing of is not among the settings.
    settings = RunConfig(recipe=recipe).settings()
    for path in config_module.LATER:
        stage, _, name = path.rpartition(".")
        assert name not in (settings[stage] if stage else settings), path
    augmented = RunConfig(stage_one=StageOneConfig(augment="digits", augment_probability=0.5)).settings()
    assert (augmented["stage_one"]["augment"], augmented["stage_one"]["augment_probability"]) == ("digits", 0.5)


def written_earlier(recipe: str) -> str:
    """A run folder's config.json as a version wrote it that knew none of the later settings."""
    values = json.loads(RunConfig(recipe=recipe).to_json())
    for path in config_module.LATER:
        stage, _, name = path.rpartition(".")
        del (values[stage] if stage else values)[name]
    return json.dumps(values)


def test_an_earlier_run_s_configuration_means_what_was_done_then():
    config = RunConfig.of_run(written_earlier("modern"))
    for path, before in config_module.LATER.items():
        stage, _, name = path.rpartition(".")
        assert getattr(getattr(config, stage) if stage else config, name) == before, path
    # What the earlier version wrote is kept.
    modern = RECIPES["modern"]
    assert (config.recipe, config.stage_one.epochs) == ("modern", modern.stage_one.epochs)
    assert config.stage_two.learning_rate == modern.stage_two.learning_rate


def test_a_configuration_of_the_user_s_takes_the_recipe_s():
    config = RunConfig.from_json(written_earlier("modern"))
    assert (config.stage_one, config.stage_two) == (RECIPES["modern"].stage_one, RECIPES["modern"].stage_two)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_s_own_configuration_is_read_as_it_is(recipe):
    config = RunConfig(recipe=recipe, seed=3)
    assert RunConfig.of_run(config.to_json()) == config


@pytest.mark.parametrize(("text", "message"), [("{", "to be JSON"), ("[]", "to be an object"), ('{"tsk": 1}', "'tsk'")])
def test_a_run_s_configuration_that_is_none_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        RunConfig.of_run(text)


def test_a_stage_s_later_setting_is_left_out_where_it_says_what_was(monkeypatch):
    monkeypatch.setitem(config_module.LATER, "stage_one.attention", False)
    config = RunConfig()
    assert "attention" not in config.settings()["stage_one"]
    assert config.stage_one.attention is False
    attentive = dataclasses.replace(config, stage_one=dataclasses.replace(config.stage_one, attention=True))
    assert attentive.settings()["stage_one"]["attention"] is True
