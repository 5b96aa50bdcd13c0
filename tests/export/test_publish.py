"""Versions appear whole or not at all: several exports at once, killed exports, bad places and names."""

import contextlib
import errno
import fcntl
import json
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
from helpers.forked import FORKSERVER, Forked
from nlgan_tf.export import check_export, export_generator
from nlgan_tf.export.manifest import check_manifest
from nlgan_tf.export.publish import publish_all, unpublished, versions
from nlgan_tf.export.serving_config import read_models_config
from nlgan_tf.files import HIDDEN, LOCK

RESULTS = ROOT / "results"
EXPORT = """
import sys, nlgan_tf as nl
nl.export_generator(nl.build_generator((8, 8, 1), latent_dim=7, width=0.1), sys.argv[1], "generator")
"""


def start_export(base: Path) -> Forked:
    return Forked(EXPORT, str(base), log=Path(os.devnull))


def nothing() -> None:
    """In place of an update of models.config."""


def publish_text(base: Path, text: str, *names: str) -> list[Path]:
    names = names or ("model",)
    with unpublished(base, names) as folder:
        for name in names:
            (folder / name).mkdir()
            (folder / name / "file").write_text(text)
        return publish_all(folder, names, nothing)


def unfinished(base: Path) -> list[Path]:
    """What living and killed exports write to."""
    return [path for path in base.iterdir() if HIDDEN.match(path.name)] if base.exists() else []


def test_versions_count_up_and_nothing_else_is_left(tmp_path):
    model = tmp_path / "model"
    assert [publish_text(tmp_path, text) for text in "ab"] == [[model / "1"], [model / "2"]]
    (model / "7").mkdir()
    (model / "٩").mkdir()  # A digit to Python, and no version to TF Serving.
    assert publish_text(tmp_path, "c") == [model / "8"]
    assert sorted(path.name for path in model.iterdir()) == ["1", "2", "7", "8", "٩"]
    assert (model / "2" / "file").read_text() == "b"
    assert versions(model) == [1, 2, 7, 8]
    assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK, "model"]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        publish_text(tmp_path / "base", None)
    assert not list(tmp_path.iterdir())
    publish_text(tmp_path, "old")
    with pytest.raises(TypeError):
        publish_text(tmp_path, None, "model", "other")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        LOCK,
        "model",
        "model/1",
        "model/1/file",
    ]


def test_what_a_killed_export_left_is_deleted_and_a_living_one_kept(tmp_path):
    left = tmp_path / ".0123abcd-unpublished"
    (left / "model").mkdir(parents=True)
    (left / LOCK).touch()
    with unpublished(tmp_path, ["model"]) as living:
        (living / "model").mkdir()
        publish_text(tmp_path, "other")
        assert not left.exists()
        assert publish_all(living, ["model"], nothing) == [tmp_path / "model" / "2"]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["1", "2"]
    assert not unfinished(tmp_path)


def test_a_killed_process_is_told_from_a_living_one(tmp_path):
    code = "import os, sys; from pathlib import Path; from nlgan_tf.export.publish import unpublished;"
    code += "stack = unpublished(Path(sys.argv[1]), ['model']); print(stack.__enter__(), flush=True);"
    code += "sys.stdin.read(); os._exit(9)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    publish_text(tmp_path, "while it lives")
    assert unfinished(tmp_path) == [folder]
    process.communicate()
    publish_text(tmp_path, "when it is dead")
    assert not unfinished(tmp_path)


def test_without_locks_a_living_export_is_kept(tmp_path, monkeypatch):

    def fails(*_) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", fails)
    with contextlib.ExitStack() as block:
        with pytest.warns(UserWarning, match="Expected a file system with locks"):
            living = block.enter_context(unpublished(tmp_path, ["model"]))
        with pytest.warns(UserWarning, match="Expected a file system with locks"):
            publish_text(tmp_path, "other")
        assert unfinished(tmp_path) == [living]


def test_a_set_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    publish_text(tmp_path, "old", "first")
    rename = Path.rename

    def fails_for_the_second(path: Path, target: Path) -> Path:
        if path.name == "second":
            assert versions(tmp_path / "first") == [1, 2]
            raise OSError("no space")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_second)
    with pytest.raises(OSError, match="no space"):
        publish_text(tmp_path, "new", "first", "second")
    assert versions(tmp_path / "first") == [1]
    assert (tmp_path / "first" / "1" / "file").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK, "first"]


def test_a_set_is_on_the_disk_before_it_appears(tmp_path, monkeypatch):
    synced, fsync = set(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.add(os.fstat(handle).st_ino), fsync(handle)))
    (version,) = publish_text(tmp_path, "text")
    assert synced >= {path.stat().st_ino for path in (version / "file", version, version.parent)}


@pytest.mark.slow
def test_many_at_once_take_different_numbers(tmp_path):
    with ProcessPoolExecutor(4, FORKSERVER) as pool:
        published = [path for (path,) in pool.map(publish_text, [tmp_path] * 40, map(str, range(40)))]
    assert sorted(int(path.name) for path in published) == versions(tmp_path / "model") == list(range(1, 41))
    assert sorted(int((path / "file").read_text()) for path in published) == list(range(40))
    assert len(list((tmp_path / "model").iterdir())) == 40
    assert not unfinished(tmp_path)


@pytest.mark.slow
def test_four_exports_at_once_give_four_whole_versions(tmp_path):
    processes = [start_export(tmp_path) for _ in range(4)]
    assert [process.wait(500) for process in processes] == [0] * 4
    assert versions(tmp_path / "generator") == list(range(1, 5))
    for version in range(1, 5):
        check_manifest(tmp_path / "generator" / str(version))
    assert {row["version"] for row in check_export(tmp_path / "generator" / "4")} == {"4"}
    labels = dict(read_models_config(tmp_path).model_config_list.config[0].version_labels)
    assert labels["canary"] == 4


def standing(base: Path) -> set[str]:
    """Versions and unfinished folders of a base."""
    return {path.name for path in (*base.glob("generator/*"), *unfinished(base))}


def kill_exports(base: Path, times: int, seed: int = 0) -> list[dict]:
    """Kills exports at random moments, each after its first folder; then the content of the base."""
    dice, log = random.Random(seed), []
    for number in range(times):
        known = standing(base)
        process = start_export(base)
        while process.poll() is None and standing(base) <= known:
            time.sleep(0.01)
        # The first folder shows that the export has begun; the rest takes about three seconds.
        delay = dice.uniform(0, 4)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        ended = process.wait()
        found = sorted(standing(base))
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
    assert not unfinished(tmp_path)


@pytest.mark.soak
def test_twenty_killed_exports(tmp_path):
    log = kill_exports(tmp_path, 20)
    assert sum(entry["killed"] for entry in log) >= 10
    (RESULTS / "killed_exports.json").write_text(json.dumps(log, indent=1) + "\n")


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "../up", "1", ".hidden", "with space", "é"])
def test_a_name_that_serving_rejects_is_refused(tmp_path, name):
    generator = nl.build_generator((8, 8, 1), latent_dim=7, width=0.1)
    with pytest.raises(
        ValueError, match=r"Expected a model name of letters, digits, '_', '-' and '\.', a letter first"
    ):
        export_generator(generator, tmp_path / "base", name)
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize("base", ["file", "file/base", "/proc/base"])
def test_a_base_that_cannot_be_written_is_refused(tmp_path, base):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=f"{base} cannot be written"):
        unpublished(tmp_path / base, ["model"]).__enter__()


def test_a_model_whose_folder_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "model").touch()
    with pytest.raises(OSError, match="model cannot be written"):
        unpublished(tmp_path, ["other", "model"]).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_failed_export_leaves_no_version(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(OSError, match=r"no space left on the disk while writing .*: make room") as found:
        export_generator(nl.build_generator((8, 8, 1), width=0.1), tmp_path / "base", "generator")
    assert isinstance(found.value.__cause__, tf.errors.ResourceExhaustedError)
    assert not list(tmp_path.iterdir())
