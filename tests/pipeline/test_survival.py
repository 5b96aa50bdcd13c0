"""Real runs in real processes, killed, stopped and resumed."""

import csv
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.runs import CONFIG, STAGE_ONE, start, wait_for
from nlgan_tf.files import sha256


@pytest.fixture(scope="module")
def config_file(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(dataclasses.replace(CONFIG, compare=False).to_json())
    return str(path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, config_file) -> tuple[Path, int]:
    """A run that nothing stops, and the size of what it printed."""
    run_dir = tmp_path_factory.mktemp("undisturbed") / "run"
    log = run_dir.with_suffix(".log")
    assert start("--config", config_file, "--run-dir", str(run_dir), log=log).wait() == 0
    return run_dir, log.stat().st_size


def assert_same_run(run_dir: Path, reference: Path) -> None:
    for name in ("metrics.json", "history.csv", "clean_dataset.npz", "clean_dataset.json"):
        assert sha256(run_dir / name) == sha256(reference / name), name
    for name in ("nlgan.keras", "classifier.keras"):
        mine, theirs = (nl.load_model(folder / "checkpoints" / name) for folder in (run_dir, reference))
        for a, b in zip(_state(mine), _state(theirs), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    names = [{path.relative_to(folder) for path in folder.rglob("*")} for folder in (run_dir, reference)]
    assert names[0] == names[1]


def _state(model) -> list:
    """Weights, counters of random draws included, and all optimizers' variables."""
    names = ("d_optimizer", "gp_optimizer", "gn_optimizer") if isinstance(model, nl.NLGAN) else ("optimizer",)
    return [*model.weights, *(variable for name in names for variable in getattr(model, name).variables)]


def killed_and_resumed(folder: Path, config_file: str, reference: tuple[Path, int], kills: int, seed: int) -> None:
    """Kills runs until `kills` is reached, each resumed until it ends; each must end as the undisturbed one.

    The clock is what a run prints, step by step, so that the moments do not depend on the machine's load.
    """
    rng, done, number = random.Random(seed), 0, 0
    while done < kills:
        number += 1
        run_dir, log = folder / f"run-{number}", folder / f"run-{number}.log"
        while True:
            resume = (run_dir / "config.json").exists()
            arguments = ["--resume", str(run_dir)] if resume else ["--config", config_file, "--run-dir", str(run_dir)]
            if run_dir.exists() and not resume:
                arguments.append("--overwrite")
            seen = log.stat().st_size if log.exists() else 0
            process = start(*arguments, log=log)
            if done < kills:
                moment = seen + rng.uniform(0, 0.6) * reference[1]
                wait_for(lambda log=log, moment=moment: log.stat().st_size > moment, process)
                time.sleep(rng.uniform(0, 0.2))
                process.send_signal(signal.SIGKILL)
            code = process.wait()
            if code != -signal.SIGKILL:
                assert code == 0, log.read_text()
                break
            done += 1
            where = sorted(path.relative_to(run_dir).as_posix() for path in run_dir.glob("checkpoints/*/*"))
            print(f"kill {done}: run {number}, {where[-1] if where else 'no checkpoint'}", flush=True)
        assert_same_run(run_dir, reference[0])
        print(f"run {number} equals the undisturbed one", flush=True)


@pytest.mark.slow
def test_three_kills_change_nothing(tmp_path, config_file, undisturbed):
    killed_and_resumed(tmp_path, config_file, undisturbed, kills=3, seed=47)


@pytest.mark.soak
def test_twenty_kills_change_nothing(tmp_path, config_file, undisturbed):
    killed_and_resumed(tmp_path, config_file, undisturbed, kills=20, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_the_step_saves_and_exits(tmp_path, config_file, undisturbed, signum):
    run_dir, log = tmp_path / "run", tmp_path / "log"
    process = start("--config", config_file, "--run-dir", str(run_dir), log=log)
    wait_for((run_dir / "history.csv").exists, process)
    process.send_signal(signum)
    assert process.wait() == 128 + signum, log.read_text()
    assert f"continue by: nlgan-tf run --resume {run_dir}" in log.read_text()
    assert "Traceback" not in log.read_text()
    if signum == signal.SIGINT:  # One of the two is resumed, to save time.
        return
    assert start("--resume", str(run_dir), log=log).wait() == 0
    assert_same_run(run_dir, undisturbed[0])


@pytest.mark.slow
def test_a_signal_stops_classifiers_that_train_side_by_side(tmp_path, undisturbed):
    run_dir, log, config = tmp_path / "run", tmp_path / "log", tmp_path / "config.json"
    config.write_text(dataclasses.replace(CONFIG, compare=True).to_json())
    process = start("--config", str(config), "--run-dir", str(run_dir), log=log)
    wait_for(lambda: "Accuracies on the test images" in log.read_text(), process)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM, log.read_text()
    assert "Traceback" not in log.read_text()
    assert not (run_dir / "metrics.json").exists()
    assert start("--resume", str(run_dir), log=log).wait() == 0, log.read_text()
    compared, alone = (json.loads((folder / "metrics.json").read_text()) for folder in (run_dir, undisturbed[0]))
    assert set(compared) - set(alone) == {"accuracy_clean", "accuracy_noisy"}
    assert all(compared[name] == alone[name] for name in set(alone) - {"settings"})


@pytest.mark.slow
def test_a_second_signal_leaves_at_once(tmp_path, config_file):
    run_dir, log = tmp_path / "run", tmp_path / "log"
    process = start("--config", config_file, "--run-dir", str(run_dir), log=log)
    wait_for((run_dir / "checkpoints" / "stage_one").exists, process)
    # Python hears the first one between two steps of its own; the second is then the system's.
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: "once more to leave at once" in log.read_text(), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) in (143, -signal.SIGTERM)


FILL_UP = """
set -e
mount -t tmpfs -o size=40m none "$1"
nlgan() { "$PYTHON" -m nlgan_tf.cli run --quiet "$@"; }
nlgan --config "$2" --run-dir "$1/run" & run=$!
while [ ! -e "$1/run/history.csv" ]; do sleep 0.05; done
cat /dev/zero > "$1/filler" 2>/dev/null || true
wait $run && exit 9 || [ $? -eq 2 ] || exit 8
[ -e "$1/run/unfinished.json" ] || exit 7
rm "$1/filler"
nlgan --resume "$1/run"
cp -r "$1/run" "$3"
"""


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_the_run_goes_on_afterwards(tmp_path, config_file, undisturbed):
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    (tmp_path / "disk").mkdir()
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", tmp_path / "disk"], check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    command = [*unshare, "bash", "-c", FILL_UP, "-", tmp_path / "disk", config_file, tmp_path / "copy"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHON": sys.executable}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.startswith("nlgan-tf:")]
    assert len(lines) == 1
    assert "no space left on the disk while writing" in lines[0]
    assert "Traceback" not in done.stderr
    assert_same_run(tmp_path / "copy", undisturbed[0])


@pytest.mark.slow
def test_history_has_every_epoch_once(undisturbed):
    with (undisturbed[0] / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(STAGE_ONE.epochs))


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
