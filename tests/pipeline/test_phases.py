"""The path of recipe `modern`: folds, a posterior, rounds, and what is compared."""

import csv
import dataclasses
import json
import signal
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.extractors import saved_extractor
from helpers.forked import Forked
from helpers.html_page import check_self_contained
from helpers.runs import start, wait_for
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.files import sha256
from nlgan_tf.pipeline import phases
from nlgan_tf.pipeline.accuracies import FROZEN_PEERS, PEERS
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.prepare import prepare_task
from nlgan_tf.stage_two import predict_logits

STAGE_ONE = StageOneConfig(
    batch_size=16,
    samples_per_epoch=64,
    width=0.1,
    spectral_layers="all",
    augment="auto",
    ema=0.9,
    folds=2,
    fold_epochs=2,
    refine_epochs=2,
)
STAGE_TWO = StageTwoConfig(
    num_images=30,
    epochs=2,
    batch_size=16,
    samples_per_epoch=64,
    width=0.1,
    learning_rate=2e-3,
    schedule="cosine",
    weight_decay=0.01,
    ema=0.9,
    network="auto",
    augment="auto",
    learns_from="both",
    views=2,
    # D the only judge: groups, heard alone on so few images, would keep the D's out of an ensemble.
    witness=None,
    rounds=2,
)
CONFIG = RunConfig(size=40, checkpoint_seconds=0.0, stage_one=STAGE_ONE, stage_two=STAGE_TWO)
# One NLGAN in place of two, not refined, where both change nothing of what a test is about.
ALONE = dataclasses.replace(STAGE_ONE, folds=1, epochs=2, refine_epochs=0)
WRITTEN = ("metrics.json", "history.csv", "history-1.csv", "clean_dataset.npz")


def config_of(run_dir: Path, **changes) -> RunConfig:
    return dataclasses.replace(CONFIG, run_dir=str(run_dir), **changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> nl.RunResult:
    return nl.run(config_of(tmp_path_factory.mktemp("phases") / "run"), verbose=0)


@pytest.fixture
def stopped(tmp_path) -> Path:
    """The folder of a run whose process was told to end in its second fold."""
    run_dir, log, config = tmp_path / "run", tmp_path / "log", tmp_path / "config.json"
    config.write_text(CONFIG.to_json())
    process = start("--config", str(config), "--run-dir", str(run_dir), log=log)
    stop_in(run_dir, "stage_one-1", process, log)
    return run_dir


def stop_in(run_dir: Path, training: str, process: Forked, log: Path) -> None:
    """Tells the process of a run to end in a training."""
    wait_for((run_dir / "checkpoints" / training).exists, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM, log.read_text()


def assert_same_run(run_dir: Path, reference: Path) -> None:
    for name in WRITTEN:
        assert sha256(run_dir / name) == sha256(reference / name), name
    with np.load(run_dir / "posterior.npz") as mine, np.load(reference / "posterior.npz") as theirs:
        for name in theirs.files:
            np.testing.assert_array_equal(mine[name], theirs[name])
    names = [{path.relative_to(folder) for path in folder.rglob("*")} for folder in (run_dir, reference)]
    assert names[0] == names[1]


@pytest.mark.slow
def test_the_report_of_a_run_of_folds_is_self_contained(finished):
    page = check_self_contained((finished.run_dir / "report.html").read_text())
    assert "Stage one trained 2 folds; figures are those of the first." in page.text
    # 24 suspects, four sheets of either class, three curves and a histogram.
    assert len(page.of("img")) == 24 + 8 + 4
    assert f"{finished.metrics['accuracy_served']:.3f}" in page.marked


@pytest.mark.slow
def test_the_folder_holds_every_fold_and_the_posterior(finished):
    for name in ("nlgan.keras", "nlgan-1.keras", "refined.keras", "classifier.keras"):
        assert (finished.run_dir / "checkpoints" / name).is_file(), name
    for name in ("history.csv", "history-1.csv"):
        with (finished.run_dir / name).open() as file:
            assert [int(row["epoch"]) for row in csv.DictReader(file)] == [0, 1]
    with np.load(finished.run_dir / "posterior.npz") as posterior:
        assert posterior.files == ["originals"]
        assert posterior["originals"].shape == (40,)
        assert posterior["originals"].min() >= 0
        assert posterior["originals"].max() <= 1


@pytest.mark.slow
def test_the_refined_generators_draw_and_d_is_that_of_stage_one(finished):
    first, refined = nl.load_model(finished.run_dir / "checkpoints/nlgan.keras"), FinishedRun(finished.run_dir).nlgan()
    with np.load(finished.run_dir / "clean_dataset.npz") as drawn:
        np.testing.assert_array_equal(drawn["images"], refined.hallucinate(30)[0])
        assert not np.array_equal(drawn["images"], first.hallucinate(30)[0])
    for a, b in zip(first.judging_discriminator().weights, refined.judging_discriminator().weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.slow
def test_the_manifest_the_console_and_the_cards_say_what_was_filtered(tmp_path, capsys):
    # D has learned little in this run, and is sure of nothing: at 0.5 some images pass, at 0.99 none.
    stage_two = dataclasses.replace(STAGE_TWO, learns_from="drawn", rounds=1, temperature=0.5)
    config = config_of(tmp_path / "run", stage_one=ALONE, compare=False)
    with pytest.raises(InputError, match="among 300 that G_P drew, got"):
        nl.run(dataclasses.replace(config, stage_two=dataclasses.replace(stage_two, min_confidence=0.9999)), verbose=0)
    run_dir = nl.run(dataclasses.replace(config, stage_two=stage_two, overwrite=True), verbose=1).run_dir
    printed = capsys.readouterr().out
    assert "Drawing 30 clean images at temperature 0.5\n" in printed
    assert "Drawn images that passed" not in printed
    settings = {"min_confidence": None, "keep_surest": 1.0, "temperature": 0.5, "novelty": 0.0}
    drawing = {**settings, "passed": {"2,4": 1.0, "5,7": 1.0}}
    assert json.loads((run_dir / "clean_dataset.json").read_text())["drawing"] == drawing
    version = run_dir / "saved_models" / "positive_generator" / "1"
    assert json.loads((version / "manifest.json").read_text())["drawing"] == drawing
    assert "| temperature, the factor on z | 0.5 |" in (version / "MODEL_CARD.md").read_text()
    assert list(nl.check_export(nl.export_run(run_dir, tmp_path / "base")[0]))


@pytest.mark.slow
def test_the_phases_are_timed_each(finished):
    phases_of = (
        "data",
        "stage_one",
        "stage_one-1",
        "posterior",
        "refinement",
        "hallucination",
        "stage_two",
        "baselines",
    )
    assert tuple(json.loads((finished.run_dir / "timings.json").read_text())) == (*phases_of, "export")


@pytest.mark.slow
def test_the_metrics_are_those_of_the_design(finished):
    metrics = finished.metrics
    names = {"served", "nlgan", "originals", "discriminator", "clean", "noisy"}
    assert {name for name in metrics if name.startswith("accuracy_")} == {f"accuracy_{name}" for name in names}
    assert set(metrics["peers"]) == set(PEERS)
    assert metrics["accuracy_noisy"] == metrics["peers"]["early-stopped"]
    for value in (*metrics["peers"].values(), *(metrics[f"accuracy_{name}"] for name in names)):
        assert 0 <= value <= 1
    task = prepare_task(CONFIG)
    classifier = nl.load_model(finished.run_dir / "checkpoints" / "classifier.keras")
    assert metrics["accuracy_served"] == accuracy(classifier, task.test_images, task.test_labels)


@pytest.mark.slow
def test_without_comparisons_the_parts_of_the_run_alone_are_measured(tmp_path, capsys):
    # Folds, so that groups are heard alone and judge what is drawn.
    folds = dataclasses.replace(STAGE_ONE, refine_epochs=0)
    config = config_of(tmp_path / "run", stage_one=folds, compare=False, export=False)
    originals = dataclasses.replace(STAGE_TWO, learns_from="originals", epochs=1, witness="auto", served="auto")
    metrics = nl.run(dataclasses.replace(config, stage_two=originals), verbose=1).metrics
    printed = capsys.readouterr().out
    assert "Judge of the labels groups: kept" in printed
    assert "Judge of the labels D: dropped" in printed
    assert "in 2 rounds: the classifier of each judges the originals for the next" in printed
    assert "peers" not in metrics
    names = {"served", "classifier", "nlgan", "originals", "discriminator"}
    assert {name for name in metrics if name.startswith("accuracy_")} == {f"accuracy_{name}" for name in names}
    # The groups join the classifier, which learned from the originals alone.
    served = nl.load_model(tmp_path / "run" / "checkpoints" / "classifier.keras")
    assert {"classifier", "groups"} < {layer.name for layer in served.layers}
    task = prepare_task(config)
    assert metrics["accuracy_served"] == accuracy(served, task.test_images, task.test_labels)
    alone = accuracy(served.get_layer("classifier"), task.test_images, task.test_labels)
    assert metrics["accuracy_originals"] == metrics["accuracy_classifier"] == alone


@pytest.mark.slow
def test_a_classifier_of_frozen_features_is_one_model_from_pixels_on(tmp_path, capsys):
    extractor = saved_extractor(tmp_path, shape=(8, 8, 1), weights=np.array([[1.0, -1.0]], np.float32))
    stage_two = dataclasses.replace(STAGE_TWO, network="features", views=1, rounds=1, witness="auto")
    config = config_of(tmp_path / "run", stage_one=ALONE, stage_two=stage_two, features=str(extractor))
    metrics = nl.run(config, verbose=1).metrics
    printed = capsys.readouterr().out
    assert f"Frozen features of {extractor}: 2 numbers an image" in printed
    assert "Judge of the labels features: " in printed
    assert set(metrics["peers"]) == {*PEERS, *FROZEN_PEERS}
    assert metrics["accuracy_originals"] == metrics["accuracy_served"]
    task = prepare_task(config)
    classifier = nl.load_model(tmp_path / "run" / "checkpoints" / "classifier.keras")
    assert metrics["accuracy_served"] == accuracy(classifier, task.test_images, task.test_labels)
    rows = list(nl.check_export(tmp_path / "run" / "saved_models" / "classifier"))
    assert {row["signature"] for row in rows} == {"serving_default", "serving_uint8", "serving_bytes"}
    assert nl.export_run(tmp_path / "run", tmp_path / "base")


@pytest.mark.slow
def test_an_ensemble_is_served_as_one_model_and_both_stages_in_memory_give_the_same(finished, tmp_path):
    stage_two = dataclasses.replace(STAGE_TWO, served="auto")
    config = config_of(tmp_path / "run", compare=False, stage_two=stage_two)
    run = nl.run(config, verbose=0)
    task = prepare_task(config)
    served = nl.load_model(run.run_dir / "checkpoints" / "classifier.keras")
    assert run.metrics["accuracy_served"] == accuracy(served, task.test_images, task.test_labels)
    # All else is as without: the classifier that joins, and each part of the run.
    alone = nl.load_model(finished.run_dir / "checkpoints" / "classifier.keras")
    for a, b in zip(served.get_layer("classifier").weights, alone.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    for name in ("accuracy_nlgan", "accuracy_originals", "accuracy_discriminator"):
        assert run.metrics[name] == finished.metrics[name]
    assert list(nl.check_export(run.run_dir / "saved_models" / "classifier"))
    found = nl.train_two_stages(task.images, task.noisy_labels, CONFIG.priors, stage_one=STAGE_ONE, stage_two=stage_two)
    assert_same_parts(found, found.classifier.get_layer("classifier"), finished.run_dir)
    logits = (predict_logits(model, task.test_images) for model in (found.classifier, served))
    np.testing.assert_allclose(*logits, rtol=1e-4, atol=1e-5)


def assert_same_parts(found: nl.TwoStages, classifier, run_dir: Path) -> None:
    """Posterior, drawn set and networks of both stages in memory are those of the run."""
    with np.load(run_dir / "posterior.npz") as posterior:
        np.testing.assert_array_equal(found.posterior, posterior["originals"])
    with np.load(run_dir / "clean_dataset.npz") as drawn:
        np.testing.assert_array_equal(found.images, drawn["images"])
        np.testing.assert_array_equal(found.labels, drawn["labels"])
    for mine, name in ((classifier, "classifier"), (found.models[0], "refined"), (found.models[1], "nlgan-1")):
        theirs = nl.load_model(run_dir / "checkpoints" / f"{name}.keras")
        for a, b in zip(mine.trainable_variables, theirs.trainable_variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.slow
def test_a_run_that_is_stopped_in_its_second_fold_and_cut_off_between_phases_goes_on(finished, stopped, monkeypatch):
    assert (stopped / "checkpoints" / "nlgan.keras").is_file()
    assert not (stopped / "checkpoints" / "nlgan-1.keras").exists()

    def fails(*_, **__) -> None:
        raise InterruptedError

    for cut_before, done in (
        ("judge_originals", "checkpoints/nlgan-1.keras"),
        ("refine_generators", "posterior.npz"),
        ("train_rounds", "clean_dataset.npz"),
        ("accuracies", "checkpoints/classifier.keras"),
    ):
        assert not (stopped / done).exists()
        with monkeypatch.context() as patch:
            patch.setattr(phases, cut_before, fails)
            with pytest.raises(InterruptedError):
                nl.resume(stopped, verbose=0)
        assert (stopped / done).is_file()
        if done == "posterior.npz":
            log = stopped.with_suffix(".log")
            stop_in(stopped, "refinement", start("--resume", str(stopped), log=log), log)
            assert not (stopped / "checkpoints" / "refined.keras").exists()
    assert nl.resume(stopped, verbose=0).metrics == finished.metrics
    assert_same_run(stopped, finished.run_dir)


@pytest.mark.slow
def test_a_peer_that_refuses_the_set_is_left_out_and_told_of(tmp_path, capsys):
    task = nl.load_task("digits:5-vs-7")
    # Four noisy positives: enough for all but the peer with five folds.
    chosen = np.concatenate([np.flatnonzero(task.labels == 1)[:4], np.flatnonzero(task.labels == 0)[:36]])
    held = slice(0, 40)
    tests = {"test_images": task.test_images[held], "test_labels": task.test_labels[held]}
    np.savez(tmp_path / "own.npz", images=task.images[chosen], noisy_labels=task.labels[chosen], **tests)
    config = config_of(tmp_path / "run", task=f"npz:{tmp_path / 'own.npz'}", size=None, pi_p=0.8, pi_n=0.8)
    config = dataclasses.replace(config, stage_one=ALONE, export=False)
    short = dataclasses.replace(STAGE_TWO, learns_from="originals", rounds=1, epochs=1)
    metrics = nl.run(dataclasses.replace(config, stage_two=short), verbose=1).metrics
    assert set(metrics["peers"]) == set(PEERS) - {"cleanlab-svc"}
    assert "accuracy_clean" not in metrics
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("cleanlab-svc is left out: ")]
    assert len(said) == 1
