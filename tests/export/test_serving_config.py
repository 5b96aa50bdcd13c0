import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from helpers.conformance.served import versions_by
from nlgan_tf.export.serving_config import check_served_from, read_models_config, update_models_config


def publish(base, *versions: int) -> None:
    for version in versions:
        (base / "model" / str(version)).mkdir(parents=True)


def updated(base, text: str | None = None, served_from: str | None = None) -> model_server_config_pb2.ModelConfig:
    """The entry of `model` after an update of a file with this text."""
    if text is not None:
        (base / "models.config").write_text(text)
    update_models_config(base, ["model"], served_from)
    (entry,) = [entry for entry in read_models_config(base).model_config_list.config if entry.name == "model"]
    return entry


def config(policy: str = "", labels: str = "", name: str = "model") -> str:
    pairs = (pair.split("=") for pair in labels.split())
    labels = "".join(f"version_labels {{ key: '{key}' value: {value} }} " for key, value in pairs)
    policy = f"model_version_policy {{ {policy} }} " if policy else ""
    return f"model_config_list {{ config {{ name: '{name}' base_path: '/srv/{name}' {policy}{labels}}} }}\n"


def test_a_new_model_gets_both_labels_and_is_served_from_the_container(tmp_path):
    publish(tmp_path, 1)
    entry = updated(tmp_path)
    assert dict(entry.version_labels) == {"stable": 1, "canary": 1}
    assert list(entry.model_version_policy.specific.versions) == [1]
    assert (entry.base_path, entry.model_platform) == ("/models/model", "tensorflow")


def test_stable_stays_and_canary_moves_and_the_last_canary_is_served_no_longer(tmp_path):
    publish(tmp_path, 1)
    updated(tmp_path)
    for version in (2, 3):
        publish(tmp_path, version)
        entry = updated(tmp_path)
        assert dict(entry.version_labels) == {"stable": 1, "canary": version}
        assert list(entry.model_version_policy.specific.versions) == [1, version]


@pytest.mark.parametrize(
    ("policy", "labels", "kept", "wanted"),
    [
        ("all {}", "", "all", {1, 2, 3, 4}),
        ("all {}", "stable=2 old=1", "all", {1, 2, 3, 4}),
        ("latest { num_versions: 1 }", "", "latest", {4}),
        ("latest { num_versions: 2 }", "stable=3", "latest", {3, 4}),
        ("latest { num_versions: 2 }", "stable=1", "latest", {1, 2, 3, 4}),
        ("", "stable=2", "latest", {2, 3, 4}),
        ("specific { versions: 2 }", "stable=2", "specific", {2, 4}),
        ("specific { versions: 2 versions: 3 }", "old=1 stable=2 canary=3", "specific", {1, 2, 4}),
        ("specific { versions: 1 versions: 3 }", "stable=3 canary=3", "specific", {1, 3, 4}),
        ("specific { versions: 2 }", "", "specific", {2, 4}),
    ],
)
def test_an_operators_policy_stays_and_every_label_is_servable(tmp_path, policy, labels, kept, wanted):
    publish(tmp_path, 1, 2, 3, 4)
    entry = updated(tmp_path, config(policy, labels))
    assert entry.model_version_policy.WhichOneof("policy_choice") in (kept, None)
    assert set(versions_by(entry.model_version_policy, [1, 2, 3, 4])) == wanted
    assert set(entry.version_labels.values()) <= wanted
    for pair in labels.split():
        name, version = pair.split("=")
        assert entry.version_labels[name] == (4 if name == "canary" else int(version))
    assert entry.base_path == "/srv/model"


def test_what_was_served_without_a_label_becomes_stable(tmp_path):
    publish(tmp_path, 1, 2, 3)
    entry = updated(tmp_path, config("specific { versions: 1 versions: 2 }"))
    assert dict(entry.version_labels) == {"stable": 2, "canary": 3}


def test_a_stable_version_that_was_deleted_gives_way_to_the_newest(tmp_path):
    publish(tmp_path, 3)
    entry = updated(tmp_path, config("specific { versions: 2 versions: 3 }", "stable=2 canary=3"))
    assert dict(entry.version_labels) == {"stable": 3, "canary": 3}
    assert list(entry.model_version_policy.specific.versions) == [3]


def test_other_models_comments_at_the_head_mode_and_link_stay(tmp_path):
    publish(tmp_path, 1)
    file = tmp_path / "operators.config"
    (tmp_path / "models.config").symlink_to(file)
    other = config("all {}", "stable=7", name="other")
    file.write_text(f"# of the operators\n\n{other}")
    file.chmod(0o640)
    update_models_config(tmp_path, ["model"], None)
    assert (tmp_path / "models.config").is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.read_text().startswith("# of the operators\n\nmodel_config_list {")
    wanted = text_format.Parse(other, model_server_config_pb2.ModelServerConfig()).model_config_list.config[0]
    assert read_models_config(tmp_path).model_config_list.config[0] == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: all", "models.config to be a configuration of TF Serving, got"),
        ("model_config_list { config { unknown: 1 } }", "models.config to be a configuration of TF Serving, got"),
        ("custom_model_config {}", "models.config to have a model_config_list, got a custom_model_config"),
    ],
)
def test_a_file_that_lists_no_models_is_refused(tmp_path, text, message):
    (tmp_path / "models.config").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_models_config(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "models.config").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"models\.config to be a configuration of TF Serving"):
        read_models_config(tmp_path)


@pytest.mark.parametrize("path", ["base", "./base", "../base", "", "~/base", "C:base"])
def test_a_servers_path_that_tf_serving_rejects_is_refused(path):
    with pytest.raises(ValueError, match=r"Expected served_from, the server's path of the base, to be absolute, got"):
        check_served_from(path)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (None, "/srv/model"),
        ("/data/base/", "/data/base/model"),
        ("/", "/model"),
        ("gs://bucket/base", "gs://bucket/base/model"),
    ],
)
def test_a_servers_path_is_the_one_that_was_given_or_the_files(tmp_path, path, wanted):
    publish(tmp_path, 1)
    assert check_served_from(path) == path
    assert updated(tmp_path, config("all {}"), path).base_path == wanted
