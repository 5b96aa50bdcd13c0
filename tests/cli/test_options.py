"""Options of the command line become the configuration that a user of Python would write."""

import dataclasses
import re

import pytest
from click.testing import CliRunner

from nlgan_tf.cli.options import HEADINGS, run_config
from nlgan_tf.cli.priors import priors
from nlgan_tf.cli.run import run
from nlgan_tf.cli.score import score
from nlgan_tf.cli.tune import tune
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.config import RunConfig


def test_data_of_ones_own_have_no_purities_unless_they_are_stated():
    assert run_config("{}", {"task": "npz:mine.npz"}).priors is None
    assert run_config("{}", {"task": "npz:mine.npz", "pi_p": 0.6, "pi_n": 0.65}).pi_p == 0.6
    with pytest.raises(InputError, match=r"Expected pi_p and pi_n, or neither; got pi_p=0\.6, pi_n=None"):
        run_config("{}", {"task": "npz:mine.npz", "pi_p": 0.6})


def test_another_task_does_not_take_the_purities_of_the_file():
    digits = RunConfig(pi_p=0.6, pi_n=0.65).to_json()
    assert run_config(digits, {"task": "npz:mine.npz"}).priors is None
    assert run_config(digits, {"task": "digits:5-vs-7"}).pi_p == 0.7
    own = RunConfig(task="npz:mine.npz", pi_p=0.6, pi_n=0.65)
    assert run_config(own.to_json(), {"task": "npz:mine.npz", "seed": 3}) == dataclasses.replace(own, seed=3)
    assert run_config('{"pi_p": 0.6, "pi_n": 0.65}', {"task": "npz:mine.npz"}).pi_n == 0.65


def test_one_purity_replaces_that_of_the_file():
    digits = RunConfig(pi_p=0.6, pi_n=0.65).to_json()
    assert (run_config(digits, {"pi_p": 0.9}).pi_p, run_config(digits, {"pi_p": 0.9}).pi_n) == (0.9, 0.65)


def test_each_stage_has_an_augmentation_of_its_own():
    given = {"augment": "digits", "classifier_augment": "photos", "classifier_augment_probability": 0.5}
    config = run_config("{}", given)
    assert (config.stage_one.augment, config.stage_one.augment_probability) == ("digits", 1)
    assert (config.stage_two.augment, config.stage_two.augment_probability) == ("photos", 0.5)
    assert run_config(config.to_json(), {"augment": "none"}).stage_one.augment is None


@pytest.mark.parametrize("command", [run, score, tune, priors])
def test_help_lists_every_option_under_one_heading(command):
    text = CliRunner().invoke(command, ["--help"]).output
    headings = re.findall(r"^(\w[\w ]*):$", text, re.MULTILINE)
    assert headings == [heading for heading in (*HEADINGS, "Command") if heading in headings]
    assert headings[:2] == ["Data", "Noise"]
    flags = re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE)
    assert len(flags) == len(set(flags))
    own = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {parameter.opts[-1] for parameter in command.params if parameter.opts[0].startswith("-")} <= set(flags)
    assert set(re.findall(r"--[a-z][a-z0-9-]*[a-z0-9]", text)) <= {*own, "--help"}
    data, noise = text[text.index("Data:") :].split("Noise:")
    assert "--image-size" in data
    assert "--corrupt / --no-corrupt" in noise
