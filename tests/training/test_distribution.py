"""On logical CPU devices and in two processes of this machine; no GPU is needed, and none is measured."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT
from helpers.forked import Forked
from helpers.runs import CONFIG, wait_for
from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.training.distribution import Processes, make_strategy

WORKER = ROOT / "tests" / "helpers" / "distributed_worker.py"
RUN_WORKER = "import sys; from helpers.distributed_worker import main; main(*sys.argv[1:])"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def spawn(*command: str, log: Path, environment: dict | None = None) -> subprocess.Popen:
    with log.open("a") as output:
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})},
        )


def tf_configs(count: int) -> list[dict]:
    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    return [
        {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})}
        for index in range(count)
    ]


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> dict[str, dict]:
    """What distributed_worker.py measured on one device, on two logical ones and in two processes."""
    folder = tmp_path_factory.mktemp("reports")
    jobs = [("one", None), ("mirrored", None), *((f"worker{i}", config) for i, config in enumerate(tf_configs(2)))]
    processes = {
        name: Forked(RUN_WORKER, name, str(folder / name), log=folder / f"{name}.log", environment=config)
        for name, config in jobs
    }
    for name, process in processes.items():
        assert process.wait(timeout=600) == 0, (folder / f"{name}.log").read_text()
    return {name: np.load(folder / f"{name}.npz") for name in processes}


@pytest.mark.slow
@pytest.mark.parametrize("where", ["mirrored", "worker0", "worker1"])
@pytest.mark.parametrize("network", ["discriminator", "positive_generator", "negative_generator"])
def test_five_steps_make_the_updates_of_one_device(reports, where, network):
    update, reference = reports[where][f"update/{network}"], reports["one"][f"update/{network}"]
    assert np.linalg.norm(reference) > 0
    assert np.linalg.norm(update - reference) < 1e-3 * np.linalg.norm(reference)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["mirrored", "worker0"])
def test_the_reported_means_are_those_of_one_device(reports, where):
    np.testing.assert_allclose(reports[where]["logs"], reports["one"]["logs"], rtol=1e-4)


@pytest.mark.slow
def test_replicas_equal_each_other_after_100_steps(reports):
    np.testing.assert_array_equal(reports["mirrored"]["after/0"], reports["mirrored"]["after/1"])
    np.testing.assert_array_equal(reports["worker0"]["after/0"], reports["worker1"]["after/0"])
    assert np.isfinite(reports["mirrored"]["after/0"]).all()


@pytest.mark.slow
def test_replicas_draw_noise_dropout_and_augmentation_of_their_own(reports):
    for name in ("noise", "dropout", "augmentation"):
        pairs = [
            (reports["mirrored"][f"{name}/0"], reports["mirrored"][f"{name}/1"]),
            (reports["worker0"][f"{name}/0"], reports["worker1"][f"{name}/0"]),
        ]
        for mine, theirs in pairs:
            assert mine.shape == theirs.shape
            assert (mine != theirs).any(), name


@pytest.mark.slow
def test_switches_are_refused_or_work(reports):
    for where in ("mirrored", "worker0"):
        refusals = " ".join(reports[where]["refusals"].tolist())
        assert "Expected jit_compile without XLA on 2 replicas, got jit_compile=True" in refusals
        assert "Expected steps_per_execution=1 on 2 replicas, got 2" in refusals
        assert "Expected float32 or mixed_bfloat16 on 2 replicas, got mixed_float16" in refusals
    assert np.isfinite(reports["mirrored"]["bfloat16"]).all()


@pytest.mark.slow
def test_labels_of_a_distributed_set_are_checked(reports):
    assert reports["mirrored"]["refusals"][-1] == "Expected labels 0 (negative) and 1 (positive), got 2"


@pytest.mark.parametrize(
    ("name", "devices", "environment", "message"),
    [
        ("ring", None, "", "Expected strategy to be one of auto, none, mirrored, multiworker; got 'ring'"),
        ("none", "2", "", "Expected devices with strategy 'mirrored' alone, got devices='2' with 'none'"),
        ("mirrored", "CPU:7", "", "Expected devices to be different ones of CPU:0"),
        ("mirrored", "0", "", "Expected devices from 1 to 1, got 0"),
        ("multiworker", None, "", "Expected TF_CONFIG with cluster and task for strategy 'multiworker', got none"),
        ("auto", None, "{", "Expected TF_CONFIG to be JSON with cluster and task, got '{'"),
        ("auto", None, "[]", "Expected TF_CONFIG to be JSON with cluster and task, got"),
    ],
)
def test_bad_input_is_refused(monkeypatch, name, devices, environment, message):
    monkeypatch.setenv("TF_CONFIG", environment)
    with pytest.raises(ValueError, match=message):
        make_strategy(name, devices)


def test_without_gpus_auto_is_one_device(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for name in ("auto", "none"):
        strategy = make_strategy(name)
        assert strategy.num_replicas_in_sync == 1
    processes = Processes(strategy)
    assert (processes.chief, processes.several, processes.any(True), processes.any(False)) == (True, False, True, False)
    processes.check_same(3)
    assert make_strategy("mirrored", "CPU:0").num_replicas_in_sync == 1


class TestTwoWorkers:
    """By docs/worker.sh, as the documentation says."""

    @pytest.fixture
    def logs(self, tmp_path) -> list[Path]:
        return [tmp_path / "0.log", tmp_path / "1.log"]

    @pytest.fixture
    def kept(self, tmp_path) -> list[Path]:
        """Where either worker writes its own weights after stage one."""
        return [tmp_path / "0.npz", tmp_path / "1.npz"]

    @pytest.fixture
    def workers(self, tmp_path, logs, kept) -> list[subprocess.Popen]:
        command = tmp_path / "bin" / "nlgan-tf"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{WORKER}" keep "$KEPT" "$@"\n')
        command.chmod(0o755)
        config = dataclasses.replace(CONFIG, compare=False, export=False)
        (tmp_path / "config.json").write_text(config.to_json())
        run_dir, hosts = tmp_path / "run", ",".join(f"127.0.0.1:{port}" for port in free_ports(2))
        return [
            spawn(
                *("bash", str(ROOT / "docs" / "worker.sh"), "--config", str(tmp_path / "config.json")),
                log=logs[rank],
                environment={
                    **{"HOSTS": hosts, "RANK": str(rank), "RUN": str(run_dir), "KEPT": str(kept[rank])},
                    "PATH": f"{command.parent}:{os.environ['PATH']}",
                },
            )
            for rank in range(2)
        ]

    @pytest.mark.slow
    @pytest.mark.skipif(LEGACY, reason="refused on TF 2.15, as the test below shows there")
    def test_one_is_killed_both_resume_and_end_with_equal_weights(self, tmp_path, workers, logs, kept):
        run_dir = tmp_path / "run"
        wait_for((run_dir / "history.csv").exists, workers[0], seconds=600)
        (child,) = Path(f"/proc/{workers[1].pid}/task/{workers[1].pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        for rank, worker in enumerate(workers):
            assert worker.wait(timeout=900) == 0, logs[rank].read_text()
        assert "another machine was lost" in logs[0].read_text()
        weights = [np.load(path) for path in kept]
        for name in weights[0].files:
            np.testing.assert_array_equal(weights[0][name], weights[1][name])
        assert (run_dir / "metrics.json").exists()
        epochs = [line.split(",")[0] for line in (run_dir / "history.csv").read_text().splitlines()]
        assert epochs == ["epoch", *map(str, range(CONFIG.stage_one.epochs))]

    @pytest.mark.skipif(not LEGACY, reason="TF 2.15 alone refuses them")
    def test_tf_2_15_refuses_them_in_one_line(self, tmp_path, workers, logs):
        for worker, log in zip(workers, logs, strict=True):
            assert worker.wait(timeout=300) == 2
            assert "Expected TF 2.21 or later on several machines, got 2.15" in log.read_text()
        assert not (tmp_path / "run").exists()
