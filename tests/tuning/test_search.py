import functools
import json
import re
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers.forked import Forked
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError
from nlgan_tf.noise_rates.callback import EstimatePriors
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.tuning import hypermodel as hypermodels
from nlgan_tf.tuning import search as searches
from nlgan_tf.tuning.config import SearchConfig
from nlgan_tf.tuning.hypermodel import NLGANHyperModel
from nlgan_tf.tuning.search import SearchFailed, tune

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
    """Runs a search of tiny trials in this process; returns its result and its lines of progress."""
    stage_one = {"width": 0.1, "epochs": 1, "batch_size": 8, "samples_per_epoch": 16}
    stage_two = StageTwoConfig(width=0.1, epochs=1, batch_size=8, samples_per_epoch=16, num_images=8)

    def run(stage: dict | None = None, run: dict | None = None, **settings):
        config = RunConfig(
            task="npz:task.npz",
            stage_one=StageOneConfig(**{**stage_one, **(stage or {})}),
            stage_two=stage_two,
            **{"pi_p": 0.7, "pi_n": 0.85, **(run or {})},
        )
        said = []
        settings = {"tuner": "random", "project": "search", **settings}
        result = tune(SearchConfig(config, **settings), say=said.append)
        return result, said

    return run


def start(log: Path, role: dict[str, str] | None = None) -> Forked:
    return Forked(EAGER, *COMMAND, "--trials", "2", log=log, environment=role)


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
        assert (best.task, best.run_dir) == (f"npz:{task_folder / 'task.npz'}", None)
        assert (task_folder / "search" / "plane.png").stat().st_size > 1000
        with pytest.raises(InputError, match=r"Expected stage_one\.epochs 1, as the search in .* began with, got 2"):
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

    def test_a_figure_that_cannot_be_drawn_ends_no_search(self, search, task_folder, monkeypatch):
        def broken(*_):
            raise RuntimeError("latex could not be found")

        monkeypatch.setattr(searches, "alpha_beta_plane", broken)
        with pytest.warns(UserWarning, match=r"plane\.png could not be made: RuntimeError: latex could not be found"):
            result, _ = search(trials=1)
        assert len(result.trials) == 1
        assert (task_folder / "search" / "best.json").exists()

    def test_what_is_refused_leaves_the_search_to_overwrite_as_it_was(self, search, task_folder, monkeypatch):
        search(trials=1)
        before = {path: path.read_bytes() for path in (task_folder / "search").rglob("*") if path.is_file()}

        def refused(**settings):
            with pytest.raises((InputError, OSError)):
                search(trials=1, overwrite=True, **settings)

        refused(clean="missing.npz", objective="clean_accuracy")
        refused(run={"size": 41})

        def diverges(self):
            raise InputError("D diverged")

        monkeypatch.setattr(NLGANHyperModel, "estimate_priors", diverges)
        refused(run={"estimate_priors": True})
        assert {path: path.read_bytes() for path in (task_folder / "search").rglob("*") if path.is_file()} == before


@pytest.mark.slow
@IGNORE_EAGER
def test_unknown_priors_are_estimated_before_the_search(search, task_folder, rng, labels, monkeypatch):
    tf.config.run_functions_eagerly(False)  # Here steps are many.
    monkeypatch.setattr(hypermodels, "EstimatePriors", functools.partial(EstimatePriors, max_steps=60))
    # Bright positives and dark negatives, all labelled rightly.
    images = rng.integers(0, 100, (40, 8, 8, 1)) + 150 * labels[:, np.newaxis, np.newaxis, np.newaxis]
    np.savez(task_folder / "task.npz", images=images.astype(np.uint8), noisy_labels=labels)
    _, said = search(run={"estimate_priors": True}, trials=1)
    assert said[0] == "Estimating pi_p and pi_n from the outputs of D on held-out images"
    assert float(re.match(r"Estimated pi_p (\d\.\d{3}) ", said[1])[1]) > 0.7
    assert said[2].startswith("Trial 1 of 1: alpha ")


@pytest.mark.slow
def test_a_killed_search_goes_on_without_repeating_finished_trials(task_folder):
    process = start(task_folder / "killed.log")
    running_trial(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = Path("search/trial_0/trial.json").read_bytes()
    assert json.loads(first)["status"] == "COMPLETED"
    interrupted = json.loads(Path("search/trial_1/trial.json").read_text())
    log = task_folder / "log"
    ended = start(log).wait(600)
    output = log.read_text()
    assert ended == 0, output
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

    logs = {name: task_folder / f"{name}.log" for name in ("chief", "killed", "worker-0", "worker-1")}
    chief = start(logs["chief"], role("chief"))
    killed = start(logs["killed"], role("worker-0"))
    running_trial(0)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    workers = [start(logs[name], role(name)) for name in ("worker-0", "worker-1")]
    ended = [process.wait(600) for process in (*workers, chief)]
    outputs = {name: log.read_text() for name, log in logs.items()}
    assert ended == [0, 0, 0], outputs
    assert "Trial 1 of 2" in outputs["worker-0"], "the worker that came back has its trial again"
    trials = [json.loads(path.read_text()) for path in Path("search").glob("trial_*/trial.json")]
    assert [trial["status"] for trial in trials] == ["COMPLETED"] * 2
    assert "Train with the best by" in outputs["chief"]
    assert RunConfig.from_json(Path("search/best.json").read_text())


def test_half_of_the_environment_of_a_parallel_search(search, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with pytest.raises(InputError, match=r"Expected all of .*, or none; got KERASTUNER_ORACLE_IP alone"):
        search()


def test_overwrite_in_a_search_of_several_processes(search, monkeypatch):
    for name, value in (("IP", "127.0.0.1"), ("PORT", "8000")):
        monkeypatch.setenv(f"KERASTUNER_ORACLE_{name}", value)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    with pytest.raises(InputError, match="Expected a new folder for a search of several processes, got overwrite"):
        search(overwrite=True)
