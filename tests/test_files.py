import pytest

from nlgan_tf.files import new_folder, sha256, whole_file, write_text


def write_half(path):
    with path.open("w") as file:
        file.write("half")
        file.write(None)


def test_sha256_by_the_standard(tmp_path):
    write_text(tmp_path / "abc", "abc")
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_error_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(TypeError), whole_file(path) as temporary:
        write_half(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_folder_is_removed_after_an_error(tmp_path):
    with pytest.raises(TypeError), new_folder(tmp_path / "a" / "run") as folder:
        write_half(folder / "file")
    assert not (tmp_path / "a" / "run").exists()


def test_an_existing_folder_is_kept(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(FileExistsError, match="--overwrite"), new_folder(tmp_path / "run"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="is a file"), new_folder(tmp_path / "file", overwrite=True):
        pass


def test_overwriting_replaces_only_when_it_succeeds(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "old").touch()
    with pytest.raises(TypeError), new_folder(run, overwrite=True) as folder:
        write_half(folder / "new")
    assert [path.name for path in run.iterdir()] == ["old"]
    with new_folder(run, overwrite=True) as folder:
        (folder / "new").touch()
    assert [path.name for path in run.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [run]
