import json
from pathlib import Path

import keras_tuner
import pytest
from keras_tuner.engine.trial import Trial

from nlgan_tf.tuning.project import SEARCH, amended_keras_tuner, claim, settle, wait_for_chief

SETTINGS = {"objective": "agreement", "tune": {"alpha": (1.0, 20.0)}}


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
    Trial(keras_tuner.HyperParameters(), "7", "COMPLETED").save(str(path))
    before = path.read_text()

    def killed(self, *_, **__):
        raise InterruptedError

    monkeypatch.setattr(Path, "replace", killed)
    with amended_keras_tuner(), pytest.raises(InterruptedError):
        Trial(keras_tuner.HyperParameters(), "7", "FAILED").save(str(path))
    assert path.read_text() == before
    # Outside it writes in place again.
    Trial(keras_tuner.HyperParameters(), "7", "FAILED").save(str(path))
    assert path.read_text() != before


def test_a_kill_between_two_writes_is_settled(tmp_path):
    oracle = {"start_order": ["0", "1"], "end_order": [], "ongoing_trials": {"tuner0": "0", "tuner1": "1"}}
    (tmp_path / "oracle.json").write_text(json.dumps(oracle))
    for trial_id, status in enumerate(("COMPLETED", "RUNNING", "RUNNING")):
        (tmp_path / f"trial_{trial_id}").mkdir()
        (tmp_path / f"trial_{trial_id}" / "trial.json").write_text(json.dumps({"status": status}))
    settle(tmp_path)
    settled = json.loads((tmp_path / "oracle.json").read_text())
    assert (settled["end_order"], settled["ongoing_trials"]) == (["0"], {"tuner1": "1"})
    assert sorted(path.name for path in tmp_path.glob("trial_*")) == ["trial_0", "trial_1"]


def test_a_new_search_has_nothing_to_settle(tmp_path):
    settle(tmp_path)
    assert not list(tmp_path.iterdir())
