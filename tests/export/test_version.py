"""All models of an export appear, or none; what cannot succeed is refused before any work."""

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.export import version
from nlgan_tf.export.manifest import check_manifest
from nlgan_tf.export.publish import versions
from nlgan_tf.export.servable import Example, Servable
from nlgan_tf.export.serving_config import read_models_config
from nlgan_tf.export.version import publish_versions


def constant(name: str, answer: float = 1.0) -> Servable:
    """A model that answers 1, whose Keras model is said to give `answer`."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
    def serving_default(x):
        return {"probability": tf.ones_like(x)}

    example = Example("serving_default", {"x": np.float32([0.0])}, {"probability": np.float32([answer])})
    facts = {"compute_dtype": "float32"}
    signatures = {"serving_default": serving_default}
    return Servable(name, "classifier", signatures, [example], serving_default, ("probability",), facts)


def content(base) -> list[str]:
    """What the base contains to the depth of versions, but for locks."""
    paths = (path.relative_to(base).as_posix() for path in (*base.glob("*"), *base.glob("*/*")))
    return sorted(path for path in paths if not path.endswith(".lock"))


def test_a_set_is_published_and_served(tmp_path):
    first = publish_versions([constant("a"), constant("b")], tmp_path)
    second = publish_versions([constant("b")], tmp_path, source={"config": {"task": "digits"}})
    assert (first, second) == ([tmp_path / "a" / "1", tmp_path / "b" / "1"], [tmp_path / "b" / "2"])
    assert content(tmp_path) == ["a", "a/1", "b", "b/1", "b/2", "models.config"]
    manifest = check_manifest(tmp_path / "b" / "2")
    assert (manifest["model"], manifest["compute_dtype"]) == ("b", "float32")
    assert manifest["config"] == {"task": "digits"}
    assert manifest["versions"]["tensorflow"] == tf.__version__
    labels = [dict(entry.version_labels) for entry in read_models_config(tmp_path).model_config_list.config]
    assert labels == [{"stable": 1, "canary": 1}, {"stable": 1, "canary": 2}]


def test_a_model_that_fails_publishes_no_other(tmp_path):
    with pytest.raises(ValueError, match=r"Expected the export of b to answer serving_default .*, got 5.0e-01"):
        publish_versions([constant("a"), constant("b", answer=0.5)], tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_a_configuration_that_cannot_be_written_takes_the_versions_back(tmp_path, monkeypatch):
    publish_versions([constant("a")], tmp_path)
    before = (tmp_path / "models.config").read_bytes()

    def fails(base, names, served_from) -> None:
        assert versions(tmp_path / "a") == [1, 2]
        assert versions(tmp_path / "b") == [1]
        raise OSError("no space")

    monkeypatch.setattr(version, "update_models_config", fails)
    with pytest.raises(OSError, match="no space"):
        publish_versions([constant("a"), constant("b")], tmp_path)
    assert content(tmp_path) == ["a", "a/1", "models.config"]
    assert (tmp_path / "models.config").read_bytes() == before


@pytest.mark.parametrize(
    ("base", "settings", "message"),
    [
        ("we[i]rd", {}, r"Expected a folder without the characters \* \? \[ \] \\ in its path"),
        ("back\\slash", {}, "Expected a folder without the characters"),
        ("base", {"served_from": "base"}, "Expected served_from, the server's path of the base, to be absolute"),
        ("damaged", {}, "models.config to be a configuration of TF Serving"),
        ("file", {}, "file cannot be written"),
        ("taken", {}, "taken/a cannot be written"),
    ],
)
def test_what_cannot_succeed_is_refused_before_any_work(tmp_path, monkeypatch, base, settings, message):
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "models.config").write_text("models: all")
    (tmp_path / "file").touch()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a").touch()
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(tf.saved_model, "save", None)
    with pytest.raises((ValueError, OSError), match=message):
        publish_versions([constant("a")], tmp_path / base, **settings)
    assert sorted(tmp_path.rglob("*")) == before
