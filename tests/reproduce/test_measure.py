"""One combination of each kind of method, from its data to its record."""

import dataclasses
import json
import re
import subprocess

import numpy as np
import pytest

import nlgan_tf
from helpers import ROOT
from helpers.extractors import saved_extractor
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation import metrics
from nlgan_tf.evaluation.baselines.registry import BASELINES, Entry
from nlgan_tf.pipeline.folder import CONFIG, NLGAN_FILE
from nlgan_tf.recipes import RECIPES, Recipe
from nlgan_tf.reproduce import conditional_gan
from nlgan_tf.reproduce.grid import Combination, Grid, Options
from nlgan_tf.reproduce.measure import MADE_BY, commit, measure, versions
from nlgan_tf.reproduce.methods import METHODS, Method, method_of
from nlgan_tf.reproduce.results import KEYS, ResultsFile, split_parts
from nlgan_tf.reproduce.summary import summarise
from nlgan_tf.reproduce.table1 import run_grid
from nlgan_tf.training.fit import NonFiniteError


@pytest.mark.slow
def test_an_ancestor_that_diverges_fails(monkeypatch):
    monkeypatch.setattr(conditional_gan, "LEARNING_RATE", 1e30)
    stages = StageOneConfig(width=0.1, samples_per_epoch=256), StageTwoConfig(width=0.1)
    monkeypatch.setitem(RECIPES, "modern", Recipe(*stages))
    with pytest.raises(NonFiniteError, match="conditional-dcgan diverged in epoch 1"):
        measure(Combination("digits:5-vs-7", 40, 0.7, 0.85, "conditional-dcgan", "modern", 0), Options())


@pytest.mark.slow
def test_neural_methods_leave_what_they_found(tmp_path, monkeypatch):
    # Narrow networks and a hasty judge, so that it ends in seconds. The ancestor draws without the filter.
    one = StageOneConfig(width=0.1, samples_per_epoch=256)
    two = StageTwoConfig(width=0.1, epochs=2, samples_per_epoch=256, num_images=200, keep_surest=0.9, novelty=0.1)
    monkeypatch.setitem(RECIPES, "modern", Recipe(one, two))
    monkeypatch.setattr(metrics, "JUDGE_IMAGES", 10_000)
    cell = ("digits:5-vs-7", 40, 0.7, 0.85)
    methods = ("nlgan", "nlgan-batch-norm", "conditional-dcgan-sn", "noisy")
    combinations = [Combination(*cell, method, "modern", 0) for method in methods]
    results = ResultsFile(tmp_path / "t.jsonl", {cell})
    assert not run_grid(combinations, results, Options(epochs=1, keep=str(tmp_path / "runs")))
    records = {combination.method: record for combination, record in results.read().items()}
    assert [records[method]["epochs"] for method in methods] == [1, 1, 1, 2]
    for method in methods[:3]:
        assert set(records[method]["coverage"]) == {"5", "7"}
        assert records[method]["judge_accuracy"] > 0.8
    assert 0 <= records["nlgan"]["accuracy_discriminator"] <= 1
    kept = {method: tmp_path / "runs" / f"digits-5-vs-7-40-0.7-0.85-{method}-modern-seed-0" for method in methods[:2]}
    assert sorted(kept.values()) == sorted((tmp_path / "runs").iterdir())
    for method, changed in {"nlgan": {}, "nlgan-batch-norm": {"d_batch_norm": True, "spectral_norm": None}}.items():
        stage_one = json.loads((kept[method] / CONFIG).read_text())["stage_one"]
        assert stage_one == {**dataclasses.asdict(one), "epochs": 1, **changed}

    # Killed before its line is written, a combination finds its kept run, and does not train again; the line says
    # what trained it.
    made_by = {"versions": {"nlgan_tf": "0.0.1"}, "commit": "0123456789ab"}
    (kept["nlgan"] / MADE_BY).write_text(json.dumps(made_by))
    weights = kept["nlgan"] / NLGAN_FILE
    before = weights.stat().st_mtime_ns
    again = ResultsFile(tmp_path / "again.jsonl", {cell})
    assert not run_grid(combinations[:1], again, Options(epochs=1, keep=str(tmp_path / "runs")))
    assert weights.stat().st_mtime_ns == before
    assert again.read()[combinations[0]] == {**records["nlgan"], **made_by}

    # With other settings it is neither continued nor replaced.
    outcomes = {}
    other, options = ResultsFile(tmp_path / "other.jsonl"), Options(epochs=2, keep=str(tmp_path / "runs"))
    assert run_grid(combinations[:1], other, options, report=outcomes.__setitem__) == combinations[:1]
    assert isinstance(outcomes[combinations[0]], InputError)
    assert re.match(r"Expected the kept run .* with the same stage_one, got another", str(outcomes[combinations[0]]))
    assert weights.stat().st_mtime_ns == before


class Majority:
    """The simplest baseline: every image has the most frequent noisy label."""

    def fit(self, images, noisy_labels):
        self.label = int(noisy_labels.mean() > 0.5)
        return self

    def predict(self, images):
        return np.full(len(images), self.label)


def test_a_baseline_is_a_class_and_an_entry_of_the_registry(monkeypatch, tmp_path):
    entry = Entry("The majority's label", lambda setting: Majority(), "all")
    monkeypatch.setitem(BASELINES, "majority", entry)
    # As `METHODS` reads the registry when it is imported.
    monkeypatch.setitem(METHODS, "majority", method_of(entry))
    grid = Grid(("digits:5-vs-7",), (40,), ((0.7, 0.85), (1.0, 1.0)), ("majority",), seeds=1)
    results = ResultsFile(tmp_path / "t.jsonl", grid.cells)
    for combination in grid.combinations():
        record = measure(combination, Options())
        assert list(record) == list(KEYS)
        # Each test image of one class, whichever the majority is.
        assert 0.45 < record["accuracy"] < 0.55
        results.append(record)
    ((row,),) = summarise(results.read()).values()
    assert row.title == "The majority's label"
    assert set(row.cells) == {(0.7, 0.85), (1.0, 1.0)}


@pytest.mark.parametrize("method", ["frozen-lr", "frozen-cleanlab"])
def test_a_method_of_frozen_features_says_whose_they_are(tmp_path, method):
    path = saved_extractor(tmp_path)
    record = measure(Combination("digits:5-vs-7", 40, 0.85, 0.85, method, "paper", 0), Options(features=str(path)))
    assert record["features"] == "means.keras"
    assert record["epochs"] is None
    assert 0 <= record["accuracy"] <= 1


@pytest.mark.slow
def test_a_run_that_learns_from_originals_measures_its_parts(monkeypatch, tmp_path):
    one = StageOneConfig(width=0.1, batch_size=16, samples_per_epoch=64)
    two = StageTwoConfig(
        width=0.1, epochs=1, num_images=20, batch_size=16, samples_per_epoch=32, network="auto", learns_from="both"
    )
    monkeypatch.setitem(RECIPES, "modern", Recipe(one, two))
    monkeypatch.setattr(metrics, "JUDGE_IMAGES", 2000)
    combination = Combination("digits:5-vs-7", 40, 0.7, 0.85, "nlgan", "modern", 0)
    record = measure(combination, Options(epochs=1, keep=str(tmp_path)))
    found = json.loads((tmp_path / combination.slug / "metrics.json").read_text())
    assert record["accuracy"] == found["accuracy_served"]
    assert record["parts"] == {
        "nlgan-drawn": found["accuracy_nlgan"],
        "nlgan-originals": found["accuracy_originals"],
        "nlgan-d": found["accuracy_discriminator"],
    }
    results = ResultsFile(tmp_path / "t.jsonl")
    results.append(*split_parts(record))
    assert [one.method for one in results.read()] == ["nlgan", "nlgan-drawn", "nlgan-originals", "nlgan-d"]


@pytest.mark.slow
def test_a_variant_of_nlgan_is_an_entry_of_the_methods(monkeypatch, tmp_path):
    changes, second = {"alpha": 7.0, "latent": "normal"}, {"ema": 0.5}
    toy = Method("NL-GAN, toy", fits=1, upsampled=True, stage_one=1.0, changes=changes, stage_two=second)
    monkeypatch.setitem(METHODS, "toy", toy)
    one, two = StageOneConfig(width=0.1, samples_per_epoch=256), StageTwoConfig(width=0.1, epochs=1, num_images=200)
    monkeypatch.setitem(RECIPES, "modern", Recipe(one, dataclasses.replace(two, samples_per_epoch=256)))
    monkeypatch.setattr(metrics, "JUDGE_IMAGES", 2000)
    combination = Combination("digits:5-vs-7", 40, 0.7, 0.85, "toy", "modern", 0)
    record = measure(combination, Options(epochs=1, keep=str(tmp_path)))
    assert {"accuracy", "accuracy_discriminator", "purity_p", "coverage"} <= record.keys()
    kept = json.loads((tmp_path / combination.slug / CONFIG).read_text())
    assert kept["stage_one"] == {**dataclasses.asdict(one), "epochs": 1, **changes}
    assert kept["stage_two"]["ema"] == 0.5


def test_a_record_says_what_it_was_made_by():
    found = versions()
    assert found["nlgan_tf"] == nlgan_tf.__version__
    assert found["numpy"] == np.__version__
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT).stdout
    assert (commit() or "").rstrip("+") == head[:12]
