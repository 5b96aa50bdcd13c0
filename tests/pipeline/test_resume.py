"""A run that ended before its end, resumed; tests/pipeline/test_survival.py has killed processes."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import nlgan_tf as nl
from helpers.small_run import ALONE, finished_run, small_config
from nlgan_tf.pipeline import accuracies, phases
from nlgan_tf.pipeline import run as pipeline


@pytest.fixture(scope="module")
def finished(made_once) -> nl.RunResult:
    return finished_run(made_once)


@pytest.mark.slow
def test_what_is_compared_and_whether_models_are_exported_is_part_of_a_run(tmp_path, unfinished_alone):
    assert json.loads((unfinished_alone / "config.json").read_text())["compare"] is False
    metrics = nl.resume(unfinished_alone, verbose=0).metrics
    assert "accuracy_nlgan" in metrics
    assert "accuracy_noisy" not in metrics
    assert metrics["settings"]["compare"] is False
    assert not (unfinished_alone / "saved_models").exists()


@pytest.fixture
def unfinished_alone(tmp_path, monkeypatch) -> Path:
    """The folder of a run without comparisons that ended before its accuracies."""

    def fails(*_, **__) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(accuracies, "accuracy", fails)
        with pytest.raises(InterruptedError):
            nl.run(small_config(tmp_path / "alone", **ALONE), verbose=0)
    return tmp_path / "alone"


@pytest.fixture(scope="module")
def ended_in_the_export(tmp_path_factory) -> Path:
    """The folder of a run like `finished` that ended in the export."""
    run_dir = tmp_path_factory.mktemp("ended") / "run"

    def fails(*_, **__) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phases, "publish_versions", fails)
        with pytest.raises(
            OSError,
            match=r"no space left on the disk while writing .*run: make room and continue by: nlgan-tf run --resume",
        ):
            nl.run(small_config(run_dir), verbose=0)
    return run_dir


@pytest.fixture
def unfinished(ended_in_the_export, tmp_path) -> Path:
    """A copy of that folder, to continue or to spoil."""
    return Path(shutil.copytree(ended_in_the_export, tmp_path / "run"))


@pytest.mark.slow
def test_a_resumed_run_does_again_what_is_missing_or_damaged(finished, unfinished):
    assert not (unfinished / "metrics.json").exists()
    with pytest.raises(FileExistsError, match="it is unfinished: --resume continues it"):
        nl.run(small_config(unfinished), verbose=0)
    drawn = (unfinished / "clean_dataset.npz").stat()
    (unfinished / "checkpoints" / "classifier.keras").write_bytes(b"damaged")
    result = nl.resume(unfinished, verbose=0)
    assert result.metrics == finished.metrics
    assert (unfinished / "clean_dataset.npz").stat().st_mtime_ns == drawn.st_mtime_ns
    names = [{path.relative_to(folder) for path in folder.rglob("*")} for folder in (unfinished, finished.run_dir)]
    assert names[0] == names[1]
    assert nl.resume(unfinished, verbose=0) == result


def logged(run_dir: Path) -> list[str]:
    """The lines of run.log without their times."""
    lines = (run_dir / "run.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line) for line in lines)
    return [line[len("2026-01-01 00:00:00  ") :] for line in lines]


@pytest.mark.slow
def test_a_resumed_run_goes_on_in_its_log_and_event_files(unfinished, capsys):
    before = logged(unfinished)  # Of a quiet run.
    assert before[0] == "Reading digits:5,7-vs-2,4"
    assert "no space left on the disk" in before[-1]
    # All is done again but the reading, with event files.
    for path in (unfinished / "checkpoints").iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    config = unfinished / "config.json"
    config.write_text(config.read_text().replace('"tensorboard": false', '"tensorboard": true'))
    result = nl.resume(unfinished, verbose=1)
    lines = logged(unfinished)
    assert lines[: len(before)] == before
    said, after = capsys.readouterr().out.splitlines(), lines[len(before) :]
    assert [line for line in said if line not in after and not line.startswith("Epoch")] == []
    epochs = [line.split()[1] for line in after if line.startswith("Epoch")]
    # Both stages; the classifiers of the comparison have left their accuracies.
    assert epochs == ["1/2", "2/2"] * 2
    assert f"Accuracy on clean test labels: {result.metrics['accuracy_clean']:.3f}" in after[-1]
    for training in ("stage_one", "stage_two"):
        events = EventAccumulator(str(unfinished / "tensorboard" / training)).Reload()
        assert [event.step for event in events.Scalars("loss")] == [0, 1]
    history = np.genfromtxt(unfinished / "history.csv", delimiter=",", names=True, usecols=range(1, 5))
    one = EventAccumulator(str(unfinished / "tensorboard" / "stage_one"), {"images": 0, "histograms": 0}).Reload()
    np.testing.assert_allclose([event.value for event in one.Scalars("d_fake_n")], history["d_fake_n"], rtol=1e-5)
    assert {"drawn_p", "drawn_n"} == set(one.Tags()["images"])
    assert {"d_outputs_noisy_p", "d_outputs_noisy_n"} == set(one.Tags()["histograms"])


@pytest.mark.slow
def test_another_configuration_or_damaged_state_is_refused_and_nothing_changes(unfinished):
    config, state = unfinished / "config.json", unfinished / "unfinished.json"
    for path, old, new, message in [
        (config, '"alpha": 5.0', '"alpha": 6.0', "Expected the configuration and data that"),
        (config, "{", "", "Expected the configuration to be JSON"),
        (state, "{", "", "unfinished.json as a run wrote it, got what cannot be read"),
    ]:
        before = path.read_text()
        path.write_text(before.replace(old, new, 1))
        with pytest.raises(ValueError, match=message):
            nl.resume(unfinished, verbose=0)
        path.write_text(before)
    assert nl.resume(unfinished, verbose=0).metrics


@pytest.mark.slow
def test_seeds_that_were_cut_off_go_on_side_by_side_in_one_folder(tmp_path, monkeypatch):
    def cut_off(config, *_):
        raise KeyboardInterrupt if config.seed == 1 else AssertionError

    with monkeypatch.context() as patch:
        run = pipeline.run
        patch.setattr(pipeline, "run", lambda config, verbose: (run if config.seed == 0 else cut_off)(config, verbose))
        with pytest.raises(KeyboardInterrupt):
            nl.run_seeds(small_config(tmp_path / "runs", **ALONE), 2, verbose=0)
    first = (tmp_path / "runs" / "seed-0" / "metrics.json").stat().st_mtime_ns
    assert not (tmp_path / "runs" / "summary.json").exists()
    assert pipeline.holds_seeds(tmp_path / "runs")
    results = pipeline.resume_seeds(tmp_path / "runs", verbose=0)
    assert [result.metrics["settings"]["seed"] for result in results] == [0, 1]
    assert (tmp_path / "runs" / "seed-0" / "metrics.json").stat().st_mtime_ns == first
    assert [result.run_dir.name for result in results] == ["seed-0", "seed-1"]
    values = [result.metrics["accuracy_nlgan"] for result in results]
    summary = json.loads((tmp_path / "runs" / "summary.json").read_text())
    assert summary["accuracy_nlgan"] == pytest.approx({"mean": np.mean(values), "std": np.std(values, ddof=1)})
