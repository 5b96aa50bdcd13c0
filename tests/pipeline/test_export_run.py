"""Exports of run folders: their content, and the folders that are refused."""

import sys

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers import ROOT
from helpers.damage import damage
from nlgan_tf import cli
from nlgan_tf.export.manifest import read_manifest
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.folder import CHECKPOINTS, NLGAN_FILE

MODELS = ("positive_generator", "negative_generator", "classifier")
SERVED_CONFIG = ROOT / "export" / "models.config"


@pytest.mark.slow
def test_a_run_becomes_three_models_that_pass_the_check(run_dir, tmp_path, monkeypatch, capsys):
    paths = nl.export_run(run_dir, tmp_path / "base")
    assert paths == [tmp_path / "base" / name / "1" for name in MODELS]
    assert (tmp_path / "base" / "models.config").read_text() == SERVED_CONFIG.read_text()
    sample = tf.saved_model.load(str(paths[0])).signatures["sample"]
    drawn = sample(num_samples=tf.constant(5, tf.int64), seed=tf.constant(0, tf.int64))["images"].numpy()
    with np.load(run_dir / "clean_dataset.npz") as dataset:
        assert np.abs(dataset["images"][:5] - drawn).max() <= 0.501
    confident = tf.saved_model.load(str(paths[1])).signatures["sample_confident"]
    scalars = {"temperature": tf.constant(0.5), "min_confidence": tf.constant(0.0)}
    answer = confident(num_samples=tf.constant(4, tf.int64), seed=tf.constant(0, tf.int64), **scalars)
    model = nl.load_model(run_dir / NLGAN_FILE)
    negatives = model.hallucinate(8, seed=0, temperature=0.5)[0][4:]
    assert np.abs(negatives - answer["images"].numpy()).max() <= 0.501
    np.testing.assert_allclose(answer["confidence"], 1 - model.predict(answer["images"], verbose=0), atol=1e-5)
    manifest = read_manifest(paths[2])
    assert manifest["class_names"] == ["ham", "spam"]
    assert manifest["metrics"] == {"accuracy_nlgan": 0.9}
    assert manifest["config"]["task"] == RunConfig().task
    assert "| accuracy_nlgan | 0.900 |" in (paths[2] / "MODEL_CARD.md").read_text()

    monkeypatch.setattr(sys, "argv", ["nlgan-tf", "check-export", str(tmp_path / "base")])
    cli.main()
    table = capsys.readouterr().out
    assert table.count("1, 3, 64") == 5 + 5 + 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run: (run / "config.json").unlink(), "Expected a run folder, got"),
        (lambda run: (run / "metrics.json").unlink(), "Expected a finished run's metrics.json"),
        (lambda run: (run / CHECKPOINTS / "manifest.json").unlink(), "without manifest.json"),
        (
            lambda run: (run / CHECKPOINTS / "manifest.json").write_text("{"),
            "manifest.json as it was written, got a damaged file",
        ),
        (lambda run: (run / NLGAN_FILE).unlink(), "got no file nlgan.keras"),
        (lambda run: damage(run, NLGAN_FILE), "nlgan.keras as its manifest lists it, got an altered or damaged file"),
        (
            lambda run: damage(run, "clean_dataset.npz"),
            "as clean_dataset.json lists it, got an altered",
        ),
        (
            lambda run: (run / "metrics.json").write_text('{"accuracy_nlgan": 1.0}'),
            "as the run wrote them, got altered",
        ),
        (lambda run: (run / "config.json").write_text("{"), "config.json"),
    ],
)
def test_a_run_that_is_not_whole_is_one_line_and_publishes_nothing(run_dir, tmp_path, refused, spoil, message):
    spoil(run_dir)
    refused(["export", str(run_dir), "--to", str(tmp_path / "base")], message)
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize(
    ("base", "options", "message"),
    [
        ("file", [], "cannot be written"),
        ("damaged", [], "models.config to be a configuration of TF Serving, got"),
        ("we[i]rd dir", [], "Expected a folder without the characters"),
        ("base", ["--served-from", "base"], "Expected served_from, the server's path of the base, to be absolute"),
    ],
)
def test_a_base_that_is_none_is_one_line(run_dir, tmp_path, refused, base, options, message):
    (tmp_path / "file").touch()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "models.config").write_text("models: all")
    refused(["export", str(run_dir), "--to", str(tmp_path / base), *options], message)
    assert [path.name for path in (tmp_path / "damaged").iterdir()] == ["models.config"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged", "file", "run"]
