import json
from pathlib import Path

import keras_tuner
import pytest
from keras_tuner.engine.trial import Trial

from nlgan_tf.tuning.project import SEARCH, TrialRow, amended_keras_tuner, claim, wait_for_chief, write_trials

SETTINGS = {"objective": "agreement", "tune": {"alpha": (1.0, 20.0)}}


def trial(status: str, message: str | None = None) -> Trial:
    hp = keras_tuner.HyperParameters()
    hp.Fixed("alpha", 5.0)
    hp.values["tuner/epochs"] = 2
    made = Trial(hp, "7", status)
    made.score, made.message = 0.5, message
    made.metrics.register("agreement", "max")
    made.metrics.update("agreement", 0.5, step=0)
    return made


def test_a_completed_trial_as_a_row():
    assert TrialRow.of(trial("COMPLETED")) == TrialRow("7", {"alpha": 5.0}, 0.5, {"agreement": 0.5}, None, None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Traceback (most recent call last):\n  File x\nValueError: no such thing\n", "ValueError: no such thing"),
        ("Traceback:\nkeras_tuner.src.errors.FailedTrialError: loss not finite\n", "loss not finite"),
        ("Traceback:\nKeyError: 1\n\nDuring handling\nOSError: disk full\n", "OSError: disk full"),
        (None, "the objective is not a number"),
        ("killed", "killed"),
    ],
)
def test_a_failed_trial_has_its_reason_in_one_line(message, reason):
    row = TrialRow.of(trial("FAILED", message))
    assert (row.score, row.reason) == (None, reason)


def test_a_folder_is_claimed_once_and_found_again(tmp_path):
    folder = tmp_path / "deep" / "search"
    claim(folder, SETTINGS, overwrite=False)
    claim(folder, SETTINGS, overwrite=False)
    assert json.loads((folder / SEARCH).read_text())["objective"] == "agreement"


def test_the_folder_of_another_search_is_refused_and_may_be_replaced(tmp_path):
    claim(tmp_path / "search", SETTINGS, overwrite=False)
    (tmp_path / "search" / "oracle.json").write_text("{}")
    other = {**SETTINGS, "objective": "noisy_likelihood"}
    with pytest.raises(ValueError, match=r'another search, with objective "agreement" and not "noisy_likelihood"'):
        claim(tmp_path / "search", other, overwrite=False)
    claim(tmp_path / "search", other, overwrite=True)
    assert [path.name for path in (tmp_path / "search").iterdir()] == [SEARCH]


def test_a_folder_of_other_things_stays(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is no project folder of a search"):
        claim(tmp_path, SETTINGS, overwrite=True)
    assert (tmp_path / "notes.txt").exists()


def test_a_worker_without_a_chief(tmp_path):
    with pytest.raises(ConnectionError, match="no chief has begun a search"):
        wait_for_chief(tmp_path, seconds=0)


def test_states_of_keras_tuner_appear_whole(tmp_path, monkeypatch):
    path = tmp_path / "trial.json"
    trial("COMPLETED").save(str(path))
    before = path.read_text()

    def killed(self, *_, **__):
        raise InterruptedError

    monkeypatch.setattr(Path, "replace", killed)
    with amended_keras_tuner(), pytest.raises(InterruptedError):
        trial("FAILED").save(str(path))
    assert path.read_text() == before
    # Outside it writes in place again.
    trial("FAILED").save(str(path))
    assert path.read_text() != before


def test_trials_as_a_table(tmp_path):
    rows = [TrialRow.of(trial("COMPLETED")), TrialRow.of(trial("FAILED", "ValueError: a, b"))]
    write_trials(tmp_path / "trials.csv", rows)
    assert (tmp_path / "trials.csv").read_text().splitlines() == [
        "trial,alpha,agreement,score,seconds,failed",
        "7,5.0,0.5,0.5,,",
        '7,5.0,0.5,,,"ValueError: a, b"',
    ]
