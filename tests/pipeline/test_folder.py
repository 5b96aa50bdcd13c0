import threading

import pytest

import nlgan_tf as nl
from nlgan_tf.errors import InputError
from nlgan_tf.files import read_json
from nlgan_tf.pipeline import folder as run_folder
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.folder import RunState


def test_an_unfinished_run_says_so_until_its_last_act(tmp_path):
    (tmp_path / "checkpoints" / "stage_one").mkdir(parents=True)
    state = RunState(tmp_path, "owner")
    state.record("export", 1.23456)
    assert not run_folder.is_finished(tmp_path)
    assert (tmp_path / "unfinished.json").exists()
    state.delete_checkpoints()
    state.finish({"accuracy_nlgan": 1.0})
    assert run_folder.is_finished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoints", "metrics.json", "timings.json"}
    assert not list((tmp_path / "checkpoints").iterdir())
    assert read_json(tmp_path / "timings.json") == {"export": 1.235}


def test_a_phase_is_done_while_its_files_are_as_it_left_them(tmp_path):
    (tmp_path / "drawn").write_text("images")
    RunState(tmp_path, "owner").record("hallucination", 1.0, ("drawn",), result=[3])
    again = RunState(tmp_path, "owner")
    assert again.has("hallucination")
    assert again.resumed("hallucination")
    assert again.done["hallucination"]["result"] == [3]
    assert not again.has("stage_two")
    (tmp_path / "drawn").write_text("image")
    assert not again.has("hallucination")
    (tmp_path / "drawn").unlink()
    assert not again.has("hallucination")


def test_a_folder_is_replaced_if_it_is_a_runs_or_a_killed_start_of_one(tmp_path):
    config = RunConfig(run_dir=str(tmp_path), overwrite=True)
    (tmp_path / ".0123abcd-config.json").write_text("{")
    with run_folder.claimed_for(config) as run_dir:
        assert run_dir == tmp_path
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match=r"Expected a run folder to replace, got .*, which is none"):
        run_folder.claimed_for(config).__enter__()
    (tmp_path / "config.json").touch()
    with run_folder.claimed_for(config) as run_dir:
        assert run_dir == tmp_path


def test_runs_that_start_together_get_a_folder_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    barrier, taken = threading.Barrier(8), []

    def start() -> None:
        barrier.wait()
        with run_folder.claimed_for(RunConfig()) as run_dir:
            (run_dir / "config.json").touch()
            taken.append(run_dir.name)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"digits_5_7-vs-2_4-{number}" for number in range(1, 9)]


def test_another_configuration_is_refused(tmp_path):
    RunState(tmp_path, "owner")
    before = (tmp_path / "unfinished.json").read_text()
    with pytest.raises(ValueError, match="began with, got others"):
        RunState(tmp_path, "other")
    assert (tmp_path / "unfinished.json").read_text() == before


def test_what_is_no_json_is_one_clear_line(tmp_path):
    (tmp_path / "unfinished.json").write_text("{")
    with pytest.raises(ValueError, match=r"Expected .*unfinished\.json as a run wrote it"):
        RunState(tmp_path, "owner")


@pytest.mark.parametrize("name", ["we[i]rd dir", "a*b", "what?", "back\\slash"])
def test_a_path_that_tensorflow_takes_for_a_pattern_is_refused_before_any_work(tmp_path, name):
    config = RunConfig(run_dir=str(tmp_path / name / "run"))
    with pytest.raises(InputError, match=r"Expected a folder without the characters \* \? \[ \] \\ in its path"):
        run_folder.claimed_for(config).__enter__()
    assert not (tmp_path / name).exists()
    with pytest.raises(InputError, match="Expected a folder without the characters"):
        nl.resume(tmp_path / name / "run")
