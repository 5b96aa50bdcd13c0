import json
from pathlib import Path

import keras_tuner
import pytest
from keras_tuner.engine.trial import Trial

from nlgan_tf.errors import InputError
from nlgan_tf.tuning.project import SEARCH, amended_keras_tuner, begin, check, held, settle, wait_for_chief

SETTINGS = {"objective": "agreement", "tune": {"alpha": (1.0, 20.0)}}
OTHER = {**SETTINGS, "objective": "noisy_likelihood"}


def start(folder: Path, settings: dict = SETTINGS, overwrite: bool = False) -> None:
    with held(folder, settings, overwrite):
        begin(folder, settings, overwrite)


def test_a_folder_is_taken_once_and_found_again(tmp_path):
    folder = tmp_path / "deep" / "search"
    start(folder)
    start(folder)
    assert json.loads((folder / SEARCH).read_text())["objective"] == "agreement"


def test_the_folder_of_another_search_is_refused_and_may_be_replaced(tmp_path):
    start(tmp_path / "search")
    (tmp_path / "search" / "oracle.json").write_text("{}")
    message = r'Expected objective "agreement", as the search in .*search began with, got "noisy_likelihood"'
    with pytest.raises(InputError, match=message):
        start(tmp_path / "search", OTHER)
    start(tmp_path / "search", OTHER, overwrite=True)
    assert [path.name for path in (tmp_path / "search").iterdir()] == [SEARCH]


def test_a_folder_of_other_things_stays(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for folder in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(InputError, match=r"Expected a new folder or a search's own, got .*, which is no project"):
            start(folder, overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_that_a_killed_start_left_half_written_makes_no_folder_foreign(tmp_path):
    (tmp_path / ".0123abcd-search.json").write_text('{"object')
    start(tmp_path)
    assert json.loads((tmp_path / SEARCH).read_text())["objective"] == "agreement"


@pytest.mark.parametrize("text", ["[]", "{", "null"])
def test_settings_that_no_search_wrote_are_one_clear_line(tmp_path, text):
    (tmp_path / SEARCH).write_text(text)
    with pytest.raises(InputError, match=r"search\.json") as error:
        start(tmp_path)
    assert "\n" not in str(error.value)
    assert (tmp_path / SEARCH).read_text() == text


def test_of_two_searches_that_start_together_one_has_the_folder(tmp_path):
    folder = tmp_path / "search"
    with held(folder, SETTINGS, overwrite=False):
        for settings, overwrite in ((SETTINGS, False), (OTHER, False), (OTHER, True)):
            with pytest.raises(BlockingIOError, match="one process at a time"), held(folder, settings, overwrite):
                pytest.fail("both have it")
        begin(folder, SETTINGS, overwrite=False)
        with pytest.raises(InputError, match="as the search in"), held(folder, OTHER, overwrite=False):
            pytest.fail("both have it")
    assert json.loads((folder / SEARCH).read_text())["objective"] == "agreement"


def test_a_search_that_fails_before_its_beginning_leaves_no_folder_and_the_old_search_as_it_was(tmp_path):
    with pytest.raises(ZeroDivisionError), held(tmp_path / "new", SETTINGS, overwrite=False):
        raise ZeroDivisionError
    assert not (tmp_path / "new").exists()
    start(tmp_path / "old")
    (tmp_path / "old" / "oracle.json").write_text("{}")
    with pytest.raises(ZeroDivisionError), held(tmp_path / "old", OTHER, overwrite=True):
        raise ZeroDivisionError
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == ["oracle.json", SEARCH]
    check(tmp_path / "old", SETTINGS)


def test_a_worker_without_a_chief(tmp_path):
    with pytest.raises(ConnectionError, match=r"Expected a chief that began a search in .*, got none in 0 s"):
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
    # Outside the block keras-tuner writes in place again.
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
