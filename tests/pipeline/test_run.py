import dataclasses
import functools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.small_run import ALONE, SMALL_TWO, finished_run, small_config
from nlgan_tf.data.noise import realised_priors
from nlgan_tf.files import sha256
from nlgan_tf.noise_rates import resampling
from nlgan_tf.pipeline import drawn_figures, failures, lifecycle
from nlgan_tf.pipeline import folder as run_folder
from nlgan_tf.pipeline import run as pipeline
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.prepare import prepare_task
from nlgan_tf.two_stages import cross_fitting


@pytest.fixture(scope="module")
def finished(made_once) -> nl.RunResult:
    return finished_run(made_once)


def test_the_run_folder_holds_what_the_design_lists(finished):
    names = {path.relative_to(finished.run_dir).as_posix() for path in finished.run_dir.glob("*")}
    assert names == {
        "config.json",
        "metrics.json",
        "timings.json",
        "history.csv",
        "run.log",
        "samples.png",
        "interpolation.png",
        "neighbours.png",
        "clean_dataset.npz",
        "clean_dataset.json",
        "checkpoints",
        "saved_models",
        "report.html",
    }
    models = {path.relative_to(finished.run_dir / "saved_models").as_posix() for path in finished.run_dir.glob("*/*/*")}
    assert models == {"positive_generator/1", "negative_generator/1", "classifier/1"}


def test_a_whole_run_traces_each_function_once(tmp_path, monkeypatch):
    functions, original = [], tf.function

    def recording(*arguments, **options):
        function = original(*arguments, **options)
        functions.append(function)
        return function

    for module in (tf, tf.compat.v2):  # Keras 2.15 takes it from there.
        monkeypatch.setattr(module, "function", recording)
    # 700 images are drawn: a whole batch and a part of one.
    nl.run(small_config(tmp_path / "run", stage_two=dataclasses.replace(SMALL_TWO, num_images=1400)), verbose=0)
    counts = {
        f"{index} {function.__name__}": function.experimental_get_tracing_count()
        for index, function in enumerate(functions)
        if hasattr(function, "experimental_get_tracing_count")
    }
    # One training of NLGAN, three of classifiers and two generators drawing, at the least.
    assert list(counts.values()).count(1) >= 6, counts
    assert max(counts.values()) == 1, counts


def test_metrics_are_accuracies_and_settings(finished):
    metrics = json.loads((finished.run_dir / "metrics.json").read_text())
    assert metrics == finished.metrics
    for name in ("accuracy_noisy", "accuracy_nlgan", "accuracy_discriminator", "accuracy_clean"):
        assert 0.3 < metrics[name] <= 1
    assert metrics["settings"]["stage_one"]["epochs"] == 2
    assert metrics["pi_p_realised"] == pytest.approx(0.7, abs=0.05)


def test_the_configuration_and_the_history_are_written(finished):
    config = RunConfig.from_json((finished.run_dir / "config.json").read_text())
    assert config == dataclasses.replace(small_config(finished.run_dir), run_dir=None)
    lines = (finished.run_dir / "history.csv").read_text().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("epoch,d_fake_n")
    phases = {"data", "stage_one", "hallucination", "stage_two", "export", "baselines"}
    assert set(json.loads((finished.run_dir / "timings.json").read_text())) == phases


def test_the_models_of_a_run_give_its_data_set_and_accuracies(finished):
    model = nl.load_model(finished.run_dir / "checkpoints" / "nlgan.keras")
    task = nl.load_task(f"npz:{finished.run_dir / 'clean_dataset.npz'}")
    images, labels = model.hallucinate(64, seed=0)
    np.testing.assert_array_equal(images, task.images)
    np.testing.assert_array_equal(labels, task.labels)
    digits = nl.load_task("digits:5,7-vs-2,4")
    predicted = model.predict(digits.test_images, verbose=0) > 0.5
    assert finished.metrics["accuracy_discriminator"] == np.mean(predicted == digits.test_labels)


@pytest.mark.slow
def test_a_second_process_gives_the_same_bytes(finished, tmp_path):
    config = tmp_path / "config.json"
    config.write_text((finished.run_dir / "config.json").read_text())
    command = [sys.executable, "-m", "nlgan_tf.cli", "run", "--config", str(config), "--run-dir", str(tmp_path / "run")]
    subprocess.run([*command, "--quiet"], check=True)
    for name in ("metrics.json", "clean_dataset.npz", "history.csv"):
        assert sha256(tmp_path / "run" / name) == sha256(finished.run_dir / name), name


def test_a_folder_that_exists_is_refused_and_kept(finished):
    before = sha256(finished.run_dir / "metrics.json")
    with pytest.raises(FileExistsError, match=r"Expected a new folder, got .*, which exists: --overwrite replaces it"):
        nl.run(small_config(finished.run_dir), verbose=0)
    assert sha256(finished.run_dir / "metrics.json") == before


@pytest.mark.slow
def test_a_run_may_replace_a_run_whatever_becomes_of_its_pictures(tmp_path, monkeypatch, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").touch()
    (tmp_path / "run" / "old").touch()

    def fails(*_, **__) -> None:
        raise RuntimeError("no font")

    for figure in ("sample_grids", "interpolation", "neighbours"):
        monkeypatch.setattr(drawn_figures, figure, fails)
    monkeypatch.setattr(pipeline, "render", fails)
    result = nl.run(small_config(tmp_path / "run", overwrite=True, **ALONE), verbose=1)
    assert not (result.run_dir / "old").exists()
    assert "accuracy_nlgan" in result.metrics
    said = capsys.readouterr().out
    for name in ("samples.png", "interpolation.png", "neighbours.png", "report.html"):
        assert f"{name} is left out: RuntimeError: no font" in said
        assert not (result.run_dir / name).exists()


def test_a_run_replaces_nothing_but_a_run(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match=r"Expected a run folder to replace, got .*, which is none"):
        nl.run(small_config(tmp_path / "precious", overwrite=True), verbose=0)
    assert (tmp_path / "precious" / "thesis.tex").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "digits:5-vs-x"}, "Expected classes among .* got 'x'"),
        ({"size": 42}, "Expected size to be a multiple of 4, the number of subclasses, got 42"),
        (
            {"pi_p": 0.51, "pi_n": 0.51, "task": "digits:1,2,3-vs-4"},
            "Expected a share of true positives from 1 - pi_n = 0.49 to pi_p = 0.51",
        ),
    ],
)
def test_bad_input_leaves_no_folder(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        nl.run(small_config(tmp_path / "runs" / "run", **changes), verbose=0)
    assert not (tmp_path / "runs" / "run").exists()


def test_too_little_space_is_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(OSError, match="has 1 MB free, and this run needs up to"):
        nl.run(small_config(tmp_path / "run"), verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_source_with_noisy_labels_alone_leaves_out_what_needs_truth(tmp_path):
    task = nl.load_task("digits:5-vs-7")
    np.savez(tmp_path / "own.npz", images=task.images[:40], noisy_labels=task.labels[:40])
    result = nl.run(small_config(tmp_path / "run", task=f"npz:{tmp_path / 'own.npz'}", pi_p=0.8, pi_n=0.8), verbose=0)
    assert set(result.metrics) == {"settings", "precision"}
    assert (result.run_dir / "saved_models" / "classifier" / "1").is_dir()


def test_a_run_on_a_relative_path_goes_on_from_another_folder(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    task = nl.load_task("digits:5-vs-7")
    np.savez(tmp_path / "own.npz", images=task.images[:40], noisy_labels=task.labels[:40])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cross_fitting, "train_stage_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nl.run(small_config("run", task="npz:own.npz", pi_p=0.8, pi_n=0.8), verbose=0)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["task"] == f"npz:{tmp_path / 'own.npz'}"
    monkeypatch.chdir("/")
    with pytest.raises(KeyboardInterrupt):  # In the training: data and configuration are those of before.
        nl.resume(tmp_path / "run", verbose=0)


def test_what_is_no_configuration_is_refused_in_one_line():
    for act in (nl.run, lambda config: nl.run_seeds(config, 2), nl.tune):
        with pytest.raises(
            nl.InputError, match=r"^Expected config to be a \w+Config, got dict: \w+Config\(\*\*settings\)$"
        ):
            act({"task": "digits:5-vs-7"})
        with pytest.raises(nl.InputError, match=r"^Expected config to be a \w+Config, got str$"):
            act("digits:5-vs-7")


def test_a_result_is_shown_by_its_folder_and_accuracies():
    result = nl.RunResult(
        Path("runs/1"), {"accuracy_nlgan": 0.96123, "settings": {"task": "digits"}, "pi_p_realised": 0.7}
    )
    assert repr(result) == "RunResult(run_dir='runs/1', accuracy_nlgan=0.961)"


@pytest.fixture
def short_estimate(monkeypatch):
    """Purities from fewer trainings and resamples: within the tolerance of the tests all the same."""
    monkeypatch.setattr(cross_fitting, "EstimatePriors", functools.partial(nl.EstimatePriors, folds=3, max_steps=150))
    monkeypatch.setattr(resampling, "RESAMPLES", 20)


@pytest.mark.slow
@pytest.mark.usefixtures("short_estimate")
def test_priors_that_are_estimated_are_used_and_written_and_said_on_resuming(tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    config = small_config(tmp_path / "run", task="digits:0-vs-1", size=None, estimate_priors=True, **ALONE)
    with monkeypatch.context() as patch:
        patch.setattr(cross_fitting, "train_stage_one", interrupted)
        with pytest.raises(KeyboardInterrupt):
            nl.run(config, verbose=0)
    found = json.loads((tmp_path / "run" / "priors.json").read_text())["priors"]
    metrics = nl.resume(tmp_path / "run").metrics
    line = f"Purities of the labels: pi_p {found['pi_p']:.3f}, pi_n {found['pi_n']:.3f}, as estimated"
    assert line in capsys.readouterr().out.splitlines()
    for name in ("pi_p", "pi_n"):
        assert metrics[f"{name}_estimated"] == pytest.approx(metrics[f"{name}_realised"], abs=0.1)
    written = json.loads((tmp_path / "run" / "priors.json").read_text())["priors"]
    model = nl.load_model(tmp_path / "run" / "checkpoints" / "nlgan.keras")
    assert written == dataclasses.asdict(model.priors)
    assert (tmp_path / "run" / "priors.png").is_file()


@pytest.mark.slow
@pytest.mark.usefixtures("short_estimate")
def test_unstated_purities_of_own_data_are_estimated_and_said(tmp_path, capsys):
    task = nl.load_task("digits:0-vs-1")
    noisy = nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), seed=0)
    np.savez(tmp_path / "own.npz", images=task.images, noisy_labels=noisy)
    config = small_config(tmp_path / "run", task=f"npz:{tmp_path / 'own.npz'}", size=None, **ALONE)
    result = nl.run(config, verbose=1)
    assert result.metrics["pi_p_estimated"] == pytest.approx(0.7, abs=0.1)
    assert result.metrics["pi_n_estimated"] == pytest.approx(0.85, abs=0.1)
    assert result.metrics["settings"]["pi_p"] is None
    said = capsys.readouterr().out
    assert "to be estimated from images and labels, as none are stated" in said
    assert "Estimated pi_p" in said


def test_true_labels_of_own_data_are_corrupted_only_as_stated(tmp_path):
    task = nl.load_task("digits:5-vs-7")
    np.savez(tmp_path / "own.npz", images=task.images, labels=task.labels)
    config = small_config(tmp_path / "run", task=f"npz:{tmp_path / 'own.npz'}", size=None)
    with pytest.raises(nl.InputError, match=r"or --corrupt to corrupt its true labels.*; got labels alone"):
        nl.run(config, verbose=0)
    assert not (tmp_path / "run").exists()
    prepared = prepare_task(dataclasses.replace(config, pi_p=0.7, pi_n=0.85))
    assert realised_priors(prepared.labels, prepared.noisy_labels) == pytest.approx((0.7, 0.85), abs=0.02)


def test_an_old_run_stays_until_all_that_can_fail_was_tried(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("of an old run")

    def fails(*_, **__) -> None:
        raise TypeError("no contiguous buffer")

    monkeypatch.setattr(lifecycle, "digest", fails)
    with pytest.raises(TypeError):
        nl.run(small_config(tmp_path / "run", overwrite=True), verbose=0)
    assert (tmp_path / "run" / "config.json").read_text() == "of an old run"


def test_no_seeds_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Expected seeds to be at least 1, got 0"):
        nl.run_seeds(small_config(tmp_path / "none"), 0)


def test_without_a_folder_the_next_free_one_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("runs/digits_5-vs-7-1").mkdir(parents=True)
    with run_folder.claimed_for(RunConfig(task="digits:5-vs-7")) as run_dir:
        assert run_dir == tmp_path / Path("runs/digits_5-vs-7-2")
