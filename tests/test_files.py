import subprocess
import sys

import pytest

from nlgan_tf.files import delete_leftovers, sha256, whole_file, whole_folder, write_text

KILLED = """
import os, pathlib, sys
from nlgan_tf.files import whole_file, whole_folder
folder = pathlib.Path(sys.argv[1])
with whole_folder(folder / "a" / "part") as part, whole_file(folder / "file") as file:
    (part / "in").touch()
    file.touch()
    os._exit(9)
"""


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


def test_a_folder_appears_when_it_is_whole(tmp_path):
    run = tmp_path / "a" / "run"
    with whole_folder(run) as folder:
        (folder / "file").touch()
        assert not run.exists()
    assert [path.name for path in run.iterdir()] == ["file"]
    assert list(run.parent.iterdir()) == [run]


def test_an_error_leaves_no_folder(tmp_path):
    with pytest.raises(TypeError), whole_folder(tmp_path / "run") as folder:
        write_half(folder / "file")
    assert not list(tmp_path.iterdir())


def test_the_old_folder_is_replaced_only_when_the_new_one_is_whole(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "old").touch()
    with pytest.raises(TypeError), whole_folder(run) as folder:
        write_half(folder / "new")
    assert [path.name for path in run.iterdir()] == ["old"]
    with whole_folder(run) as folder:
        (folder / "new").touch()
        assert (run / "old").exists()
    assert [path.name for path in run.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [run]


def test_what_a_killed_process_left_is_deleted_and_nothing_else(tmp_path):
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False).returncode == 9
    (tmp_path / ".gitignore").touch()
    (tmp_path / "a" / ".cache").mkdir()
    assert len(list(tmp_path.rglob("*"))) == 6
    delete_leftovers(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")} == {"a", "a/.cache", ".gitignore"}
