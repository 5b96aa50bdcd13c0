import subprocess
import sys

import pytest
from click.testing import CliRunner

from helpers.forked import NLGAN_TF
from nlgan_tf.cli.options import run_config
from nlgan_tf.cli.run import run
from nlgan_tf.pipeline import run as pipeline
from nlgan_tf.pipeline.run import RunResult
from nlgan_tf.recipes import RECIPES


def test_every_option_has_help_and_a_default():
    for parameter in run.params:
        assert parameter.help, parameter.name


def config_of(*arguments: str):
    """The RunConfig that `nlgan-tf run` would run."""
    context = run.make_context("run", list(arguments))
    options = {
        name: value
        for name, value in context.params.items()
        if name not in ("seeds", "verbose", "config_file", "resumed")
    }
    return run_config("{}", options)


def test_options_become_the_configuration():
    config = config_of(
        *("--task", "mnist:5-vs-7", "--recipe", "paper", "--alpha", "7", "--spectral-norm", "none"),
        *("--classifier-epochs", "3", "--corrupt-first"),
    )
    assert (config.task, config.corrupt_first, config.stage_one.alpha) == ("mnist:5-vs-7", True, 7.0)
    assert config.stage_one.spectral_norm is None
    assert config.stage_one.epochs == RECIPES["paper"].stage_one.epochs
    assert config.stage_two.epochs == 3


def test_without_options_it_is_the_default():
    assert config_of().recipe == "modern"
    assert config_of().stage_one == RECIPES["modern"].stage_one


@pytest.mark.slow
def test_a_training_that_fails_is_one_line_and_exit_code_1(tmp_path):
    small = "--width 0.1 --size 40 --epochs 1 --samples-per-epoch 256 --on-non-finite stop --d-learning-rate 1e30"
    command = [sys.executable, "-c", NLGAN_TF, "run", "--run-dir", str(tmp_path / "run"), *small.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("nlgan-tf: ")
    assert "not finite" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_table_at_the_end(monkeypatch, tmp_path):
    accuracies = {"accuracy_noisy": 0.8, "accuracy_nlgan": 0.9, "accuracy_clean": 1.0, "accuracy_discriminator": 0.95}
    metrics = {**accuracies, "accuracy_served": 0.96, "peers": {"svc": 0.97}}
    results = [RunResult(tmp_path / f"seed-{k}", {**metrics, "accuracy_nlgan": 0.9 + 0.02 * k}) for k in range(2)]
    monkeypatch.setattr(pipeline, "run_seeds", lambda config, seeds, verbose: results)
    output = CliRunner().invoke(run, ["--seeds", "2"]).output
    assert "0.910 ± 0.014" in output
    values = ["0.960 ± 0.000", "0.910 ± 0.014", "0.950 ± 0.000", "0.800 ± 0.000", "A: SVC", "1.000 ± 0.000"]
    positions = [output.index(value) for value in values]
    assert positions == sorted(positions)
    assert str(tmp_path) in output.replace("\n", "")


def test_one_run_is_shown_without_a_deviation_and_what_it_wrote_is_named(monkeypatch, tmp_path):
    for name in ("clean_dataset.npz", "samples.png"):
        (tmp_path / name).touch()
    monkeypatch.setattr(pipeline, "run", lambda config, verbose: RunResult(tmp_path, {"accuracy_served": 0.96}))
    output = CliRunner().invoke(run, [], env={"COLUMNS": "400"}).output
    assert "0.960" in output
    assert "±" not in output
    ending = [
        f"Run folder: {tmp_path}",
        f"Use {tmp_path / 'clean_dataset.npz'}.",
        f"Open {tmp_path / 'samples.png'}",
    ]
    assert output.splitlines()[-3:] == ending


def test_a_run_without_test_images_shows_no_empty_table(monkeypatch, tmp_path):
    (tmp_path / "clean_dataset.npz").touch()
    monkeypatch.setattr(pipeline, "run", lambda config, verbose: RunResult(tmp_path, {"settings": {}}))
    lines = CliRunner().invoke(run, []).output.splitlines()
    assert lines[0] == f"Run folder: {tmp_path}"
