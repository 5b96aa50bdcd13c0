import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.pipeline.config import SIMULATED, RunConfig
from nlgan_tf.pipeline.prepare import prepare_task
from nlgan_tf.tuning.search import SearchConfig, SearchFailed, _hypermodel, tune

SETTINGS = ("--width", "0.1", "--epochs", "1", "--batch-size", "8", "--samples-per-epoch", "16")
CLASSIFIER = ("epochs", "1"), ("batch-size", "8"), ("samples-per-epoch", "16"), ("num-images", "8"), ("width", "0.1")
COMMAND = [
    "tune",
    "--task",
    "npz:task.npz",
    "--pi-p",
    "0.7",
    "--pi-n",
    "0.85",
    "--tuner",
    "random",
    "--project",
    "search",
    *SETTINGS,
]
COMMAND += [part for name, value in CLASSIFIER for part in (f"--classifier-{name}", value)]
# Steps are few, and tracing them would take most of the time.
EAGER = "import tensorflow as tf; tf.config.run_functions_eagerly(True); from nlgan_tf.cli import main; main()"
IGNORE_EAGER = pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")


@pytest.fixture
def task_folder(tmp_path, images, labels, monkeypatch) -> Path:
    np.savez(tmp_path / "task.npz", images=images, noisy_labels=labels)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def eager():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def search(task_folder, eager):
    """Runs a search of tiny trials in this process, and gives its result and what it said."""
    stage_one = {"width": 0.1, "epochs": 1, "batch_size": 8, "samples_per_epoch": 16}
    stage_two = StageTwoConfig(width=0.1, epochs=1, batch_size=8, samples_per_epoch=16, num_images=8)

    def run(stage: dict | None = None, **settings):
        stages = {"stage_one": StageOneConfig(**{**stage_one, **(stage or {})}), "stage_two": stage_two}
        config = RunConfig(task="npz:task.npz", pi_p=0.7, pi_n=0.85, **stages)
        said = []
        result = tune(SearchConfig(config, project="search", **{"tuner": "random", **settings}), say=said.append)
        return result, said

    return run


def start(role: dict[str, str] | None = None) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", EAGER, *COMMAND, "--trials", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(role or {})},
    )


def running_trial(number: int, seconds: float = 300) -> Path:
    """The state of that trial, once it runs."""
    path, end = Path("search") / f"trial_{number}" / "trial.json", time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.02)
    return path


@IGNORE_EAGER
class TestInThisProcess:
    def test_a_search_leaves_its_files_and_continues(self, search, task_folder):
        result, said = search(trials=1, tuner="bayesian")
        assert said[0].startswith("Trial 1 of 1: alpha ")
        assert "noisy_likelihood_all" in said[1]
        again, said = search(trials=2, tuner="bayesian")
        assert sum(line.startswith("Trial ") for line in said) == 1
        assert len(again.trials) == 2
        assert result.trials[0] in again.trials
        best = RunConfig.from_json((task_folder / "search" / "best.json").read_text())
        assert best.stage_one.alpha == again.trials[0].values["alpha"]
        assert best.stage_one.beta == again.trials[0].values["beta"]
        assert (best.task, best.run_dir) == ("npz:task.npz", None)
        assert (task_folder / "search" / "plane.png").stat().st_size > 1000
        with pytest.raises(ValueError, match=r"holds another search, with stage_one\.epochs 1 and not 2"):
            search({"epochs": 2}, tuner="bayesian", trials=2)
        assert len((task_folder / "search" / "trials.csv").read_text().splitlines()) == 3

    def test_a_failing_trial_is_reported_with_its_reason(self, search):
        # A grid of two learning rates, the second of which diverges.
        tuned = {"g_learning_rate": (1e-4, 1e38)}
        result, said = search({"epochs": 2}, tuner="grid", tune=tuned, grid_points=2, trials=2)
        assert len(result.failed) == 1
        assert "not finite" in result.failed[0].reason
        assert any(line.startswith("  failed after") and "not finite" in line for line in said)
        assert result.trials[0].score is not None

    def test_three_failures_in_a_row_end_the_search(self, search):
        with pytest.raises(SearchFailed, match=r"3 trials in a row failed, the last one: .*not finite"):
            search({"epochs": 2, "g_learning_rate": 1e38}, trials=5)

    def test_after_the_last_minute_no_trial_starts(self, search):
        result, _ = search(minutes=1e-4)
        assert len(result.trials) == 1


@pytest.mark.slow
def test_unknown_priors_are_estimated_before_the_search(tmp_path, rng, labels):
    # Bright positives and dark negatives, all labelled rightly.
    images = rng.integers(0, 100, (40, 8, 8, 1)) + 150 * labels[:, np.newaxis, np.newaxis, np.newaxis]
    np.savez(tmp_path / "task.npz", images=images.astype(np.uint8), noisy_labels=labels)
    run = RunConfig(task=f"npz:{tmp_path / 'task.npz'}", estimate_priors=True, stage_one=StageOneConfig(width=0.1))
    said = []
    hypermodel = _hypermodel(SearchConfig(run), prepare_task(run), said.append)
    # Above the default of a simulation, .7: all labels are right.
    assert hypermodel.priors.pi_p > SIMULATED[0]
    assert said[1].startswith(f"Estimated pi_p {hypermodel.priors.pi_p:.3f}")


@pytest.mark.slow
def test_a_killed_search_goes_on_without_repeating_finished_trials(task_folder):
    process = start()
    running_trial(1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    first = Path("search/trial_0/trial.json").read_bytes()
    assert json.loads(first)["status"] == "COMPLETED"
    interrupted = json.loads(Path("search/trial_1/trial.json").read_text())
    process = start()
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    assert "Trial 1 of 2" not in output
    assert "Trial 2 of 2" in output
    assert Path("search/trial_0/trial.json").read_bytes() == first
    repeated = json.loads(Path("search/trial_1/trial.json").read_text())
    assert repeated["hyperparameters"]["values"] == interrupted["hyperparameters"]["values"]
    assert len(list(Path("search").glob("trial_*"))) == 2


@pytest.mark.slow
def test_chief_and_two_workers_survive_the_kill_of_a_worker(task_folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free_port = probe.getsockname()[1]

    def role(name: str) -> dict[str, str]:
        return {
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(free_port),
        }

    chief = start(role("chief"))
    killed = start(role("worker-0"))
    running_trial(0)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    workers = [start(role(f"worker-{number}")) for number in range(2)]
    outputs = [worker.communicate(timeout=600) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    output, errors = chief.communicate(timeout=600)
    assert chief.returncode == 0, errors
    assert "Trial 1 of 2" in outputs[0][0], "the worker that came back has its trial again"
    trials = [json.loads(path.read_text()) for path in Path("search").glob("trial_*/trial.json")]
    assert [trial["status"] for trial in trials] == ["COMPLETED"] * 2
    assert "Train with the best by" in output
    assert RunConfig.from_json(Path("search/best.json").read_text())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tuner": "genetic"}, "tuner='genetic' is unknown: accepted are random, bayesian, hyperband, grid"),
        ({"trials": 0}, "trials=0 is out of range"),
        ({"minutes": -1.0}, "minutes=-1.0 is out of range"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        SearchConfig(RunConfig(), **settings)


def test_half_of_the_environment_of_a_parallel_search(search, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with pytest.raises(ValueError, match="KERASTUNER_ORACLE_IP alone: accepted are all of"):
        search()
