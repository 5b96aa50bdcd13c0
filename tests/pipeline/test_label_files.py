import csv
import dataclasses

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.label_quality import label_quality
from nlgan_tf.pipeline.label_files import check_output, write_corrected, write_scores
from nlgan_tf.pipeline.scored_task import ScoredTask
from nlgan_tf.two_stages.label_scores import JudgedLabels

PRIORS = nl.NoisePriors(0.7, 0.85)
GIVEN = np.array([1, 0, 1, 0])
POSTERIOR = [0.9, 0.75, 0.125, 0.25]


@dataclasses.dataclass(frozen=True)
class TaskOfFiles(nl.ImageTask):
    files: tuple[str, ...] = ()


@pytest.fixture
def fields(images) -> dict:
    return {"images": images[:4], "noisy_labels": GIVEN, "class_names": ("ham", "spam, or so")}


@pytest.fixture
def scored(fields) -> ScoredTask:
    return ScoredTask(nl.ImageTask(**fields), JudgedLabels(label_quality(POSTERIOR, GIVEN), PRIORS))


@pytest.fixture
def scored_files(fields, scored) -> ScoredTask:
    return dataclasses.replace(scored, task=TaskOfFiles(**fields, files=("a b.png", "ü.png", "c,d.png", "d.png")))


def rows(path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_scores_by_index(scored, tmp_path):
    write_scores(tmp_path / "deep" / "scores.csv", scored)
    assert rows(tmp_path / "deep" / "scores.csv") == [
        ["index", "given_label", "suggested_label", "quality"],
        ["2", "spam, or so", "ham", "0.125"],
        ["1", "ham", "spam, or so", "0.25"],
        ["3", "ham", "ham", "0.75"],
        ["0", "spam, or so", "spam, or so", "0.9"],
    ]


def test_scores_by_file(scored_files, tmp_path):
    write_scores(tmp_path / "scores.csv", scored_files)
    found = rows(tmp_path / "scores.csv")
    assert [row[0] for row in found] == ["file", "c,d.png", "ü.png", "d.png", "a b.png"]


def test_a_corrected_copy_keeps_the_order(scored, scored_files, tmp_path):
    write_corrected(tmp_path / "index.csv", scored)
    assert rows(tmp_path / "index.csv") == [
        ["index", "label"],
        ["0", "spam, or so"],
        ["1", "spam, or so"],
        ["2", "ham"],
        ["3", "ham"],
    ]
    write_corrected(tmp_path / "files.csv", scored_files)
    assert rows(tmp_path / "files.csv")[:2] == [["file_name", "label"], ["a b.png", "spam, or so"]]


def test_an_earlier_table_of_scores_is_replaced_and_nothing_else(scored, tmp_path):
    write_scores(tmp_path / "scores.csv", scored)
    assert check_output(str(tmp_path / "scores.csv"), "npz:x", overwrite=False) == tmp_path / "scores.csv"
    for text in ("", "mine\n", "index,label\n"):
        (tmp_path / "mine.csv").write_text(text)
        with pytest.raises(nl.InputError, match=r"Expected a new file, got .*mine.csv, which exists: --overwrite"):
            check_output(str(tmp_path / "mine.csv"), "npz:x", overwrite=False)
        check_output(str(tmp_path / "mine.csv"), "npz:x", overwrite=True)
        assert (tmp_path / "mine.csv").read_text() == text


def test_the_file_of_the_task_is_never_replaced(tmp_path):
    path = tmp_path / "mine.npz"
    path.write_bytes(b"")
    with pytest.raises(nl.InputError, match="none of the task's own"):
        check_output(str(tmp_path / "x" / ".." / "mine.npz"), f"npz:{path}", overwrite=True)


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(nl.InputError, match="got the folder"):
        check_output(str(tmp_path), "npz:x", overwrite=True)
