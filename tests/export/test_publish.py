"""Versions appear whole or not at all: several exports at once, killed exports, bad places and names."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers import ROOT
from nlgan_tf.export import check_export, export_generator
from nlgan_tf.export.manifest import check_manifest
from nlgan_tf.export.publish import UNFINISHED, publish_all, unpublished, versions
from nlgan_tf.export.serving_config import read_models_config

RESULTS = ROOT / "results"
EXPORT = """
import sys, nlgan_tf as nl
nl.export_generator(nl.build_generator((8, 8, 1), latent_dim=7, width=0.1), sys.argv[1], "generator")
"""


def start_export(base: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", EXPORT, str(base)], stderr=subprocess.DEVNULL)


def publish_text(model_dir: Path, text: str) -> Path:
    with unpublished(model_dir) as version:
        (version.folder / "file").write_text(text)
        return version.publish()


def test_versions_count_up_and_nothing_else_is_left(tmp_path):
    assert [publish_text(tmp_path / "model", text).name for text in "ab"] == ["1", "2"]
    (tmp_path / "model" / "7").mkdir()
    assert publish_text(tmp_path / "model", "c") == tmp_path / "model" / "8"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["1", "2", "7", "8"]
    assert (tmp_path / "model" / "2" / "file").read_text() == "b"
    assert versions(tmp_path / "model") == [1, 2, 7, 8]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(TypeError), unpublished(tmp_path / "model") as version:
        (version.folder / "file").write_text(None)
    assert not list((tmp_path / "model").iterdir())


def test_what_a_killed_export_left_is_deleted_and_a_living_one_kept(tmp_path):
    left = tmp_path / "model" / f"{UNFINISHED}killed"
    left.mkdir(parents=True)
    with unpublished(tmp_path / "model") as living:
        (living.folder / "file").touch()
        publish_text(tmp_path / "model", "other")
        assert not left.exists()
        assert (living.folder / "file").exists()
        assert living.publish().name == "2"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["1", "2"]


def test_a_set_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    publish_text(tmp_path / "first", "old")
    with unpublished(tmp_path / "first") as first, unpublished(tmp_path / "second") as second:
        for version in (first, second):
            (version.folder / "file").touch()

        def fails() -> None:
            assert versions(tmp_path / "first") == [1, 2]
            raise OSError("no space")

        monkeypatch.setattr(second, "publish", fails)
        with pytest.raises(OSError, match="no space"):
            publish_all([first, second])
    assert versions(tmp_path / "first") == [1]
    assert versions(tmp_path / "second") == []
    assert [path.name for path in (tmp_path / "first").iterdir()] == ["1"]


@pytest.mark.slow
def test_many_at_once_take_different_numbers(tmp_path):
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        published = list(pool.map(publish_text, [tmp_path / "model"] * 40, map(str, range(40))))
    assert sorted(int(path.name) for path in published) == versions(tmp_path / "model") == list(range(1, 41))
    assert sorted(int((path / "file").read_text()) for path in published) == list(range(40))
    assert len(list((tmp_path / "model").iterdir())) == 40


@pytest.mark.slow
def test_eight_exports_at_once_give_eight_whole_versions(tmp_path):
    processes = [start_export(tmp_path) for _ in range(8)]
    assert [process.wait(500) for process in processes] == [0] * 8
    assert versions(tmp_path / "generator") == list(range(1, 9))
    for version in range(1, 9):
        check_manifest(tmp_path / "generator" / str(version))
    assert {row["version"] for row in check_export(tmp_path / "generator" / "8")} == {"8"}
    labels = dict(read_models_config(tmp_path).model_config_list.config[0].version_labels)
    assert labels["canary"] == 8


def kill_exports(base: Path, times: int, seed: int = 0) -> list[dict]:
    """Kills exports at random moments, each after its first file; then what stands in the base."""
    dice, log = random.Random(seed), []
    for number in range(times):
        process = start_export(base)
        known = set(base.glob("generator/*"))
        while process.poll() is None and set(base.glob("generator/*")) <= known:
            time.sleep(0.01)
        # The first folder shows that the export has begun; it takes about three seconds from there.
        delay = dice.uniform(0, 4)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        ended = process.wait()
        found = sorted(path.name for path in (base / "generator").iterdir())
        log.append({"kill": number + 1, "after_seconds": round(delay, 2), "killed": ended == -9, "found": found})
        print(json.dumps(log[-1]), flush=True)
    for version in versions(base / "generator"):
        assert max(row["deviation"] for row in check_export(base / "generator" / str(version))) <= 1e-5
    return log


@pytest.mark.slow
def test_a_killed_export_leaves_no_version_that_fails(tmp_path):
    # With this seed the first kill comes after half a second of the three that an export takes.
    log = kill_exports(tmp_path, 2, seed=1)
    assert any(entry["killed"] for entry in log)
    assert start_export(tmp_path).wait(200) == 0
    assert not list((tmp_path / "generator").glob(f"{UNFINISHED}*"))


@pytest.mark.soak
def test_twenty_killed_exports(tmp_path):
    log = kill_exports(tmp_path, 20)
    assert sum(entry["killed"] for entry in log) >= 10
    (RESULTS / "killed_exports.json").write_text(json.dumps(log, indent=1) + "\n")


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "../up", "1", ".hidden", "with space", "é"])
def test_a_name_that_serving_rejects_is_refused(tmp_path, name):
    generator = nl.build_generator((8, 8, 1), latent_dim=7, width=0.1)
    with pytest.raises(ValueError, match="is not accepted by TF Serving: accepted are letters"):
        export_generator(generator, tmp_path / "base", name)
    assert not (tmp_path / "base").exists()


def test_a_base_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file/model cannot be written"), unpublished(tmp_path / "file" / "model"):
        pass
    with pytest.raises(OSError, match="/proc/base/model cannot be written"), unpublished(Path("/proc/base/model")):
        pass


def test_a_failed_export_leaves_no_version(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        export_generator(nl.build_generator((8, 8, 1), width=0.1), tmp_path, "generator")
    assert not list((tmp_path / "generator").iterdir())
