import dataclasses
import shlex
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from nlgan_tf.cli.tune import tune
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.tuning import search
from nlgan_tf.tuning.config import TUNERS
from nlgan_tf.tuning.objectives import OBJECTIVES
from nlgan_tf.tuning.space import TUNABLE
from nlgan_tf.tuning.trials import TrialRow


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--objective", "luck"], "'luck' is not one of 'corrected_accuracy', 'noisy_likelihood', "),
        (
            ["--objective", "clean_accuracy"],
            "Expected clean images and labels for objective 'clean_accuracy', got none",
        ),
        (["--tuner", "genetic"], "'genetic' is not one of 'random', 'bayesian', 'hyperband', 'grid'"),
        (
            ["--tune", "alpha=0.5,20", "--tune", "beta"],
            "Expected alpha > beta in all of the search, got alpha from 0.5",
        ),
        (["--tune", "alpha=9,1"], "Expected a range of alpha, two numbers with the lowest first; got (9.0, 1.0)"),
        (["--tune", "alpha=low,high"], "Expected a range such as alpha=1,20; got 'alpha=low,high'"),
        (["--tune", "gamma"], "Expected settings to tune among alpha, beta, loss"),
        (["--tune", "loss=hinge"], "Expected loss to be one of bce, mse; got 'hinge'"),
        (["--trials", "0"], "Expected trials to be finite and above 0; got 0"),
        (["--minutes", "0"], "Expected minutes to be finite and above 0; got 0.0"),
        (["--trials", "many"], "'many' is not a valid integer"),
        (["--validation-split", "1"], "Expected validation_split to be finite and above 0 and below 1; got 1.0"),
        (["--project", "taken"], "taken, which is no project folder"),
        (["--project", "taken", "--overwrite"], "taken, which is no project folder"),
        (["--project", "/proc/search"], "/proc/search"),
        (["--clean", "none.npz", "--objective", "clean_accuracy"], "got none.npz, which does not exist"),
        (["--tuner", "grid", "--grid-points", "1"], "Expected grid_points to be finite and at least 2; got 1"),
        (["--pi-p", "0.4", "--pi-n", "0.5"], "their sum to be above 1; got pi_p=0.4, pi_n=0.5"),
        (["--project", "we[i]rd dir"], "Expected a folder without the characters"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    refused(["tune", *arguments], message)
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "notes.txt"]


def test_every_option_has_help():
    assert all(parameter.help for parameter in tune.params)


def test_help_names_what_fixed_choices_and_tune_accept():
    words = " ".join(CliRunner().invoke(tune, ["--help"]).output.split())
    assert f"--tuner [{'|'.join(TUNERS)}]" in words
    assert f"--objective [{'|'.join(OBJECTIVES)}]" in words
    assert "alpha (1 to 20); beta (0.05 to 0.95); loss (bce or mse);" in words
    assert all(name in words for name in TUNABLE)


def test_a_mistyped_setting_does_not_wait_for_tensorflow():
    code = "import sys; from nlgan_tf.cli.tune import tune; tune(standalone_mode=False)"
    code = f"import sys\ntry:\n exec({code!r})\nexcept ValueError as error: print(error, 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "--tune", "gamma"], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("got 'gamma' False")


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list:
    """The searches that the command asks for; each ends with one completed and one failed trial."""
    rows = [
        TrialRow("0", {"alpha": 5.5, "beta": 0.25}, 0.875, {"agreement": 0.875, "noisy_likelihood": -0.5}, 12.0, None),
        TrialRow("1", {"alpha": 1.5, "beta": 0.75}, None, {}, None, "d_loss not finite after 2 epochs"),
    ]
    configs = []

    def record(config, **_):
        configs.append(config)
        return search.SearchResult(tmp_path, rows)

    monkeypatch.setattr(search, "tune", record)
    return configs


def test_options_become_the_search(asked, tmp_path):
    (tmp_path / "run.json").write_text(RunConfig(task="mnist:5-vs-7", seed=3).to_json())
    arguments = ["--config", str(tmp_path / "run.json"), "--tune", "alpha=2,9", "--tune", "loss=mse", "--tune", "beta"]
    CliRunner().invoke(tune, [*arguments, "--minutes", "7.5", "--epochs", "4", "--objective", "agreement"])
    (config,) = asked
    assert (config.run.task, config.run.seed, config.run.stage_one.epochs) == ("mnist:5-vs-7", 3, 4)
    assert config.tune == {"alpha": (2.0, 9.0), "loss": ("mse",), "beta": None}
    assert (config.minutes, config.objective, config.most_trials) == (7.5, "agreement", None)


def test_by_default_it_is_twelve_trials_of_alpha_and_beta(asked):
    CliRunner().invoke(tune)
    assert asked[0].most_trials == 12
    assert set(asked[0].tune) == {"alpha", "beta"}
    assert asked[0].folder.name == "digits_5_7-vs-2_4"


def test_the_end_of_a_search(asked):
    output = CliRunner().invoke(tune).output
    assert "0.875" in output
    assert "1 of 2 trials failed" in output
    assert "trial 2: d_loss not finite after 2 epochs" in output
    assert "nlgan-tf run --config" in output


def test_the_command_to_go_on_by_is_quoted_where_its_folder_needs_it(asked, monkeypatch, tmp_path):
    result = search.tune(None)
    monkeypatch.setattr(search, "tune", lambda *_, **__: dataclasses.replace(result, project=tmp_path / "my search"))
    command = CliRunner().invoke(tune).output.splitlines()[-1].partition(": ")[2]
    assert shlex.split(command) == ["nlgan-tf", "run", "--config", str(tmp_path / "my search" / "best.json")]


def test_images_of_another_shape_for_clean_accuracy(tmp_path, monkeypatch, images, labels, refused):
    np.savez(tmp_path / "clean.npz", images=images, labels=labels)
    monkeypatch.chdir(tmp_path)
    arguments = ["tune", "--clean", "clean.npz", "--objective", "clean_accuracy"]
    refused(arguments, "Expected images of shape (n, 16, 16, 1), got shape (40, 8, 8, 1)")
