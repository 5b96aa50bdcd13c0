import csv
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import nlgan_tf as nl
from helpers.extractors import saved_extractor
from helpers.photographs import class_folders
from nlgan_tf.cli.score import score
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.label_files import COLUMNS


@pytest.fixture
def judged_run(run_dir):
    """A finished run whose posterior knows the true labels but one."""
    task = FinishedRun(run_dir).task
    posterior = np.where(task.labels == 1, 0.9, 0.1).astype(np.float32)
    posterior[0] = 1 - posterior[0]
    np.savez_compressed(run_dir / "posterior.npz", originals=posterior, drawn=posterior[:10])
    return run_dir


def rows(path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_finished_run_is_scored_without_training(judged_run, tmp_path):
    out, corrected, gallery = (tmp_path / name for name in ("scores.csv", "corrected.csv", "suspects.png"))
    files = ["--out", str(out), "--corrected", str(corrected), "--gallery", str(gallery)]
    shown = CliRunner().invoke(score, ["--run", str(judged_run), *files], catch_exceptions=False).output
    task = FinishedRun(judged_run).task
    wrong = task.labels != task.noisy_labels
    assert "Epoch" not in shown
    assert f"of {len(wrong)} labels are wrong" in shown
    assert "Purities as stated: pi_p 0.7, pi_n 0.85" in shown
    assert "Average precision" in shown
    assert shown.count("\n| ") == 11
    table = rows(out)[1:]
    assert len(table) == len(wrong)
    suspects = {int(row[0]) for row in table if float(row[3]) < 0.5}
    assert suspects == set(np.flatnonzero(wrong)) ^ {0}
    labels = [row[1] for row in rows(corrected)[1:]]
    assert [label == "5,7" for label in labels[1:]] == (task.labels[1:] == 1).tolist()
    assert gallery.read_bytes().startswith(b"\x89PNG")


def test_what_is_there_already_is_kept(judged_run, tmp_path, refused, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = ["score", "--run", str(judged_run)]
    for option in ("--out", "--corrected", "--gallery"):
        (tmp_path / "mine.csv").write_text("mine")
        refused([*run, option, "mine.csv"], "Expected a new file, got mine.csv, which exists: --overwrite replaces it")
        assert (tmp_path / "mine.csv").read_text() == "mine"
    refused([*run, "--out", "a.csv", "--corrected", "a.csv"], "Expected a file of its own for each output")
    assert not (tmp_path / "a.csv").exists()
    done = CliRunner().invoke(score, [*run[1:], "--out", "mine.csv", "--overwrite"], catch_exceptions=False)
    assert done.exit_code == 0
    assert rows(tmp_path / "mine.csv")[0][0] == "index"


def test_bad_input_is_one_line(judged_run, tmp_path, refused, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(["score", "--run", "nowhere"], "Expected a run folder, got nowhere without config.json")
    refused(["score", "--run", str(judged_run), "--size", "40"], "got --size")
    refused(["score", "--task", "npz:absent.npz"], "does not exist")
    refused(["score", "--out", "."], "Expected a file to write")
    (judged_run / "posterior.npz").unlink()
    refused(["score", "--run", str(judged_run)], "Expected a finished run's posterior.npz")
    assert list(tmp_path.glob("*.csv")) == []


def test_a_run_that_judged_no_originals_is_refused(judged_run, refused):
    (judged_run / "config.json").write_text(nl.RunConfig(recipe="paper").to_json())
    refused(["score", "--run", str(judged_run)], "Expected a run that judges its originals, got ")


def test_another_number_of_images_is_refused(judged_run, refused):
    np.savez_compressed(judged_run / "posterior.npz", originals=np.full(7, 0.5), drawn=np.full(7, 0.5))
    refused(["score", "--run", str(judged_run)], "Expected the 7 images of the run")


@pytest.mark.slow
def test_a_task_is_trained_on_and_scored(tmp_path):
    extractor = saved_extractor(tmp_path, shape=(16, 16, 1), weights=np.array([[1.0, -1.0]], np.float32))
    small = f"--features {extractor} --width 0.1 --size 40 --epochs 1 --folds 1 --samples-per-epoch 256 --quiet"
    command = [sys.executable, "-m", "nlgan_tf.cli", "score", *small.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Epoch" not in done.stdout
    assert len(rows(tmp_path / "scores.csv")) == 41


@pytest.mark.slow
def test_a_folder_is_scored_by_file_and_what_was_skipped_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    photos = class_folders(tmp_path / "photos", {"cat": 20, "dog": 20})
    (photos / "cat" / "broken.png").write_bytes(b"")
    small = "--pi-p 0.8 --pi-n 0.8 --width 0.1 --epochs 1 --folds 1 --samples-per-epoch 256"
    files = f"--out {tmp_path / 'scores.csv'} --corrected {tmp_path / 'corrected.csv'}"
    command = ["--task", f"folder:{photos}", "--skip-unreadable", *small.split(), *files.split()]
    shown = CliRunner().invoke(score, command, catch_exceptions=False).output
    assert "Skipped files: 1 (cat/broken.png: zero bytes)" in shown
    assert "Positive: dog, the later in sorted order; negative: cat" in shown
    kept = {path.relative_to(photos).as_posix() for path in photos.rglob("*.png")} - {"cat/broken.png"}
    for name, columns in (("scores.csv", ["file", *COLUMNS]), ("corrected.csv", ["file_name", "label"])):
        header, *table = rows(tmp_path / name)
        assert header == columns
        assert len(table) == 40
        assert {row[0] for row in table} == kept
