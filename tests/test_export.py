import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.export import export_classifier, export_generator
from nlgan_tf.gan.images import to_network_range

CLEAN_PROCESS = """
import sys, numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
given = np.load(sys.argv[2])
outputs = served(**{name: tf.constant(given[name]) for name in given.files})
np.savez(sys.argv[3], **{name: value.numpy() for name, value in outputs.items()})
assert "nlgan_tf" not in sys.modules
"""


def serve_in_a_clean_process(version, tmp_path, **inputs) -> dict:
    np.savez(tmp_path / "inputs.npz", **inputs)
    arguments = [str(version), str(tmp_path / "inputs.npz"), str(tmp_path / "outputs.npz")]
    subprocess.run([sys.executable, "-c", CLEAN_PROCESS, *arguments], check=True, cwd=tmp_path)
    with np.load(tmp_path / "outputs.npz", allow_pickle=True) as outputs:
        return dict(outputs)


def test_the_classifier_serves_what_the_model_computes(tmp_path, images):
    classifier = nl.build_classifier((8, 8, 1), width=0.2)
    version = export_classifier(classifier, tmp_path / "base", ("ham", "spam"))
    assert version == tmp_path / "base" / "classifier" / "1"
    served = serve_in_a_clean_process(version, tmp_path, images=images.astype(np.float32))
    logits = classifier(to_network_range(images)).numpy()[:, 0]
    np.testing.assert_allclose(served["probability"], 1 / (1 + np.exp(-logits)), atol=1e-5)
    np.testing.assert_array_equal(served["label"], logits > 0)
    assert served["label"].dtype == np.int64
    assert set(served["class_name"]) <= {b"ham", b"spam"}
    np.testing.assert_array_equal(served["class_name"] == b"spam", logits > 0)


def test_the_generator_serves_public_images(tmp_path):
    generator = nl.build_generator((8, 8, 1), width=0.2)
    version = export_generator(generator, tmp_path / "base", "positive_generator")
    latent = np.random.default_rng(0).uniform(-1, 1, (3, 100)).astype(np.float32)
    served = serve_in_a_clean_process(version, tmp_path, latent=latent)
    np.testing.assert_allclose(served["images"], (generator(latent) + 1) * 127.5, atol=1e-3)
    assert served["images"].dtype == np.float32


def test_versions_count_up_and_nothing_else_is_left(tmp_path):
    generator = nl.build_generator((8, 8, 1), width=0.1)
    names = [export_generator(generator, tmp_path, "positive_generator").name for _ in range(2)]
    assert names == ["1", "2"]
    assert sorted(path.name for path in (tmp_path / "positive_generator").iterdir()) == names


def test_weights_are_written_once(tmp_path):
    generator = nl.build_generator((8, 8, 1), width=0.5)
    version = export_generator(generator, tmp_path, "generator")
    on_disk = (version / "variables" / "variables.data-00000-of-00001").stat().st_size
    assert on_disk < 1.05 * 4 * generator.count_params() + 10_000


def test_a_failed_export_leaves_no_version(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        export_generator(nl.build_generator((8, 8, 1), width=0.1), tmp_path, "generator")
    assert not list((tmp_path / "generator").iterdir())
