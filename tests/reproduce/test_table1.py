"""The runner, on a small grid of cheap methods: real processes, killed and side by side."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT
from nlgan_tf.cli.entry import TRY_AGAIN
from nlgan_tf.data.sources import load_task
from nlgan_tf.errors import MissingPackage
from nlgan_tf.files import locked
from nlgan_tf.reproduce.grid import Combination, Grid, Options
from nlgan_tf.reproduce.results import KEYS, ResultsFile
from nlgan_tf.reproduce.table1 import check_runnable, run_grid

METHODS = ("svc", "cleanlab-svc")
SMALL = Grid(("digits:5,7-vs-2,4",), (100, 40), ((0.7, 0.85), (1.0, 1.0)), METHODS, seeds=2)
COMMAND = [sys.executable, "-m", "nlgan_tf.cli", "reproduce", "table1", "--seeds", "2"]
COMMAND += ["--task", "digits:5,7-vs-2,4", "--size", "100", "--size", "40", "--priors", "0.7,0.85", "--priors", "1,1"]
COMMAND += [part for method in METHODS for part in ("--method", method)]


def lines_of(path: Path) -> dict[str, dict]:
    """Records by combination, without what an undisturbed run may change; ValueError for a torn or repeated line."""
    records = ResultsFile(path, SMALL.cells).read()
    return {str(combination): {**record, "seconds": 0, "commit": None} for combination, record in records.items()}


@pytest.fixture(scope="module")
def undisturbed(made_once) -> Path:
    def make(folder: Path) -> None:
        folder.mkdir()
        assert not run_grid(SMALL.combinations(), ResultsFile(folder / "table1.jsonl", SMALL.cells), Options())

    return made_once("grid", make) / "table1.jsonl"


def test_every_combination_has_one_line_with_the_keys(undisturbed):
    lines = [json.loads(line) for line in undisturbed.read_text().splitlines()]
    assert len(lines) == len(SMALL.combinations()) == 16
    for line in lines:
        assert list(line) == list(KEYS)
        assert 0.3 < line["accuracy"] <= 1
        assert line["versions"]["tensorflow"]
    clean = [line["accuracy"] for line in lines if line["pi_p"] == 1 and line["size"] == 100]
    assert min(clean) > 0.85


def test_a_second_start_runs_nothing(undisturbed):
    before = undisturbed.read_bytes()
    ran = []
    run_grid(
        SMALL.combinations(), ResultsFile(undisturbed, SMALL.cells), Options(), report=lambda *pair: ran.append(pair)
    )
    assert not ran
    assert undisturbed.read_bytes() == before


def test_one_that_fails_does_not_stop_the_others(tmp_path):
    # One image of a class too few for three folds.
    tiny = Combination("digits:5-vs-7", 4, 1.0, 1.0, "rank-pruning-logistic", "paper", 0)
    fine = Combination("digits:5-vs-7", 20, 1.0, 1.0, "rank-pruning-logistic", "paper", 0)
    results, reports = ResultsFile(tmp_path / "t.jsonl"), {}
    failed = run_grid([tiny, fine], results, Options(), report=reports.__setitem__)
    assert failed == [tiny]
    assert isinstance(reports[tiny], ValueError)
    assert list(results.read()) == [fine]


def kill_until_done(path: Path, times: int, rng: random.Random) -> None:
    """Starts the command and kills it `times` times, at moments in which it is at work, then lets it finish."""
    command = [*COMMAND, "--jobs", "2", "--results", str(path)]
    for number in range(1, times + 1):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        process.stdout.readline()  # what is there already
        if rng.random() < 0.7:  # The others die while their workers start.
            assert " seed " in process.stdout.readline(), "nothing left to kill"
        time.sleep(rng.uniform(0, 0.3))
        process.kill()
        process.wait()
        process.stdout.close()  # Not to its end: a worker that has no work yet lives on for some minutes.
        print(f"kill {number}: {len(lines_of(path))} of {len(SMALL.combinations())} combinations are there", flush=True)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_killed_twice_it_ends_as_if_it_never_was(undisturbed, tmp_path):
    kill_until_done(tmp_path / "t.jsonl", 2, random.Random(0))
    assert lines_of(tmp_path / "t.jsonl") == lines_of(undisturbed)


@pytest.mark.soak
def test_killed_ten_times_it_ends_as_if_it_never_was(undisturbed, tmp_path):
    kill_until_done(tmp_path / "t.jsonl", 10, random.Random(1))
    assert lines_of(tmp_path / "t.jsonl") == lines_of(undisturbed)


@pytest.mark.slow
def test_two_processes_share_the_work(undisturbed, tmp_path):
    path = tmp_path / "t.jsonl"
    command = [*COMMAND, "--results", str(path)]
    # None can finish a combination before both are at work.
    with locked(path, wait=True):
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for process in processes:
            assert process.stdout.readline().startswith("0 of 16 combinations")
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert lines_of(tmp_path / "t.jsonl") == lines_of(undisturbed)
    ran = [[line.split(": ")[0] for line in output.splitlines() if " seed " in line] for output in outputs]
    assert all(ran)
    assert not set(ran[0]) & set(ran[1])
    assert len(ran[0]) + len(ran[1]) == 16


@pytest.mark.slow
def test_the_documented_dask_cluster_runs_the_grid(undisturbed, tmp_path):
    page = (ROOT / "docs" / "table1.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    # A smaller grid alone, so that it ends in seconds.
    small = 'Grid(["digits:5,7-vs-2,4"], [40], [(0.7, 0.85)], ["svc", "cleanlab-svc"], seeds=2)'
    code = code.replace('Grid(recipe="paper", seeds=5)', small)
    assert small in code
    (tmp_path / "on_dask.py").write_text(code)
    subprocess.run([sys.executable, "on_dask.py"], cwd=tmp_path, check=True)
    found, expected = lines_of(tmp_path / "table1.jsonl"), lines_of(undisturbed)
    assert len(found) == 4
    assert found == {name: expected[name] for name in found}


@pytest.mark.parametrize(
    ("task", "size", "message"),
    [
        ("digits:5-vs-7", 41, "Expected size to be a multiple of 2, the number of subclasses, got 41"),
        ("digits:5-vs-x", 40, "Expected classes among .* got 'x'"),
        ("digits:5-vs-2,4,6,8", 100, "Expected a share of true positives from .* got 0.2"),
        ("fashion:1-vs-2", 40, "Expected task to be one of digits:A-vs-B, .* got 'fashion:1-vs-2'"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_does(task, size, message):
    with pytest.raises(ValueError, match=message):
        check_runnable([Combination(task, size, 0.6, 0.65, "svc", "paper", 0)], Options())


def test_a_task_with_wrong_labels_of_its_own_is_refused(tmp_path):
    task = load_task("digits:5-vs-7")
    known = {"labels": task.labels, "noisy_labels": 1 - task.labels, "test_images": task.test_images}
    np.savez(tmp_path / "own.npz", images=task.images, test_labels=task.test_labels, **known)
    with pytest.raises(ValueError, match=r"Expected a task with true labels alone, got .*own.npz' with noisy labels"):
        check_runnable([Combination(f"npz:{tmp_path / 'own.npz'}", 40, 0.7, 0.85, "svc", "paper", 0)], Options())


@pytest.mark.slow
def test_a_killed_worker_is_one_line_and_the_rest_goes_on(undisturbed, tmp_path):
    command = [*COMMAND, "--jobs", "2", "--results", str(tmp_path / "t.jsonl")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    assert " seed " in process.stdout.readline()
    workers = [child for child in Path("/proc").glob("[0-9]*") if _is_worker(child, process.pid)]
    os.kill(int(workers[0].name), signal.SIGKILL)
    error = process.communicate()[1]
    assert process.returncode == TRY_AGAIN
    assert error.splitlines()[-1].startswith("nlgan-tf: a worker was killed, perhaps for want of memory")
    assert "Traceback" not in error
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert lines_of(tmp_path / "t.jsonl") == lines_of(undisturbed)


def _is_worker(process: Path, parent: int) -> bool:
    try:
        return (
            f"PPid:\t{parent}\n" in (process / "status").read_text()
            and b"LokyProcess" in (process / "cmdline").read_bytes()
        )
    except OSError:  # It has just ended.
        return False


def test_missing_libraries_are_named(monkeypatch):
    combination = Combination("digits:5-vs-7", 40, 0.7, 0.85, "cleanlab-logistic", "paper", 0)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        MissingPackage, match=r"Expected the package cleanlab, got none: pip install 'nlgan-tf\[baselines\]'"
    ):
        check_runnable([combination], Options())
