import pytest

from helpers.damage import damage
from nlgan_tf.export.manifest import check_manifest, read_manifest, write_manifest
from nlgan_tf.files import locked, sha256


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "weights").write_text("weights")
    (tmp_path / "graph").write_text("graph")
    write_manifest(tmp_path, {"model": "classifier"})
    return tmp_path


def test_a_manifest_lists_every_file_but_itself(folder):
    assert read_manifest(folder) == {
        "files": {name: sha256(folder / name) for name in ("graph", "inner/weights")},
        "model": "classifier",
    }
    assert check_manifest(folder) == read_manifest(folder)


def test_a_lock_is_no_part_of_a_folder(folder):
    with locked(folder), locked(folder / "inner"):
        check_manifest(folder)
        write_manifest(folder, {})
    assert sorted(check_manifest(folder)["files"]) == ["graph", "inner/weights"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: damage(folder, "graph"), "graph as its manifest lists it, got an altered or damaged file"),
        (lambda folder: (folder / "graph").unlink(), "got no file graph"),
        (lambda folder: (folder / "inner" / "more").touch(), "got a file inner/more beside them"),
        (lambda folder: (folder / "link").symlink_to("inner"), "got a file link beside them"),
        (lambda folder: (folder / "manifest.json").unlink(), "Expected a folder that this package wrote, got"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest.json as it was written, got a damaged"),
        (lambda folder: (folder / "manifest.json").write_text('{"files": {"graph": 1}}'), "no SHA-256 of its files"),
    ],
)
def test_a_folder_that_is_not_as_it_was_written_is_refused(folder, spoil, message):
    spoil(folder)
    with pytest.raises(ValueError, match=message):
        check_manifest(folder)
