"""Exports of run folders: what they hold, and the folders that are refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers import ROOT
from nlgan_tf import cli
from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.export.manifest import read_manifest
from nlgan_tf.export.to_onnx import write_onnx
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.folder import CHECKPOINTS, CLASSIFIER_FILE, NLGAN_FILE

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
    manifest = read_manifest(paths[2])
    assert manifest["class_names"] == ["ham", "spam"]
    assert manifest["metrics"] == {"accuracy_nlgan": 0.9}
    assert manifest["config"]["task"] == RunConfig().task
    assert "| accuracy_nlgan | 0.900 |" in (paths[2] / "MODEL_CARD.md").read_text()

    monkeypatch.setattr(sys, "argv", ["nlgan-tf", "check-export", str(tmp_path / "base")])
    cli.main()
    table = capsys.readouterr().out
    assert table.count("1, 3, 64") == 4 + 4 + 3


@pytest.mark.skipif(not LEGACY, reason="TF 2.15 alone refuses it")
def test_tf_2_15_refuses_onnx_in_one_line(tmp_path):
    with pytest.raises(ImportError, match="ONNX on TF 2"):
        write_onnx(None, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(LEGACY, reason="refused on TF 2.15, as the test above shows there")
def test_onnx_answers_as_the_keras_model(run_dir, tmp_path):
    import onnxruntime

    classifier_dir = nl.export_run(run_dir, tmp_path / "base", onnx=True)[2]
    session = onnxruntime.InferenceSession(str(classifier_dir / "model.onnx"))
    images = np.random.default_rng(0).uniform(0, 255, (5, 8, 8, 1)).astype(np.float32)
    logits = nl.load_model(run_dir / CLASSIFIER_FILE)(images / 127.5 - 1).numpy()[:, 0]
    probability, label = session.run(["probability", "label"], {"images": images})
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-logits)), atol=1e-4)
    np.testing.assert_array_equal(label, logits > 0)
    assert "model.onnx" in read_manifest(classifier_dir)["files"]


def damage(run_dir: Path, name: str) -> None:
    content = bytearray((run_dir / name).read_bytes())
    content[len(content) // 2] ^= 1
    (run_dir / name).write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run: (run / "config.json").unlink(), "Expected a run folder, got"),
        (lambda run: (run / "metrics.json").unlink(), "Expected a finished run's metrics.json"),
        (lambda run: (run / CHECKPOINTS / "manifest.json").unlink(), "has no manifest.json"),
        (lambda run: (run / CHECKPOINTS / "manifest.json").write_text("{"), "manifest.json is damaged"),
        (lambda run: (run / NLGAN_FILE).unlink(), "has no file nlgan.keras, which its manifest lists"),
        (lambda run: damage(run, NLGAN_FILE), "nlgan.keras is not what its manifest lists"),
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


def test_a_base_that_is_none_is_one_line(run_dir, tmp_path, refused):
    (tmp_path / "file").touch()
    refused(["export", str(run_dir), "--to", str(tmp_path / "file")], "cannot be written")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "models.config").write_text("models: all")
    refused(["export", str(run_dir), "--to", str(tmp_path / "base")], "models.config is no")
    assert [path.name for path in (tmp_path / "base").iterdir()] == ["models.config"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda version: (version / "manifest.json").unlink(), "has no manifest.json"),
        (lambda version: (version / "manifest.json").write_text('{"files": [1]}'), "manifest.json is damaged"),
        (lambda version: damage(version, "saved_model.pb"), "saved_model.pb is not what its manifest lists"),
        (lambda version: (version / "extra").touch(), "has a file extra that its manifest does not list"),
        (lambda version: (version / "fingerprint.pb").unlink(), "has no file fingerprint.pb"),
    ],
)
def test_an_altered_version_is_refused_before_it_is_loaded(exported_base, tmp_path, refused, spoil, message):
    version = tmp_path / "classifier" / "1"
    subprocess.run(["cp", "-r", str(exported_base / "classifier"), str(tmp_path)], check=True)
    spoil(version)
    refused(["check-export", str(tmp_path)], message)


def test_a_folder_without_versions_is_refused(tmp_path, refused):
    refused(["check-export", str(tmp_path)], "has no exported model: accepted is a version")
