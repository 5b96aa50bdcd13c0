import importlib.util

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.export.manifest import read_manifest
from nlgan_tf.export.to_onnx import check_onnx, write_onnx
from nlgan_tf.pipeline.folder import CLASSIFIER_FILE


@pytest.mark.skipif(not LEGACY, reason="TF 2.15 alone refuses it")
def test_tf_2_15_refuses_onnx_in_one_line(tmp_path):
    with pytest.raises(ImportError, match=r"Expected TF 2\.21 or later for ONNX"):
        write_onnx(None, tmp_path)


@pytest.mark.skipif(LEGACY, reason="refused on TF 2.15, as the test above shows there")
def test_missing_packages_are_named_before_any_work(tmp_path, run_dir, refused, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find_spec(name))
    with pytest.raises(ImportError, match=r"Expected tf2onnx for ONNX, got none: pip install 'nlgan-tf\[onnx\]'"):
        check_onnx()
    refused(["export", str(run_dir), "--to", str(tmp_path / "base"), "--onnx"], "Expected tf2onnx for ONNX, got none")
    assert not (tmp_path / "base").exists()


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
