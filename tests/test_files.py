import errno
import os
import subprocess
import sys

import pytest

from nlgan_tf.files import (
    LOCK,
    claimed,
    delete_leftovers,
    empty,
    locked,
    sha256,
    whole_file,
    whole_folder,
    write_text,
)

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


def test_one_process_at_a_time(tmp_path):
    code = f"""
from pathlib import Path
from nlgan_tf.files import locked
try:
    with locked(Path({str(tmp_path)!r})): print("in")
except BlockingIOError as error: print(error)
"""

    def other() -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    with locked(tmp_path):
        assert "Expected one process at a time in" in other()
    assert other() == "in\n"
    assert not list(tmp_path.iterdir())


def test_a_killed_process_holds_no_lock(tmp_path):
    code = "import os, sys, pathlib; from nlgan_tf.files import locked;"
    code += "lock = locked(pathlib.Path(sys.argv[1])); lock.__enter__(); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EBADF, errno.ENOLCK, errno.EROFS])
def test_a_file_system_without_locks_ends_nothing(tmp_path, monkeypatch, code):
    def fails(*_, **__) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("nlgan_tf.files.FileLock.acquire", fails)
    with locked(tmp_path):
        write_text(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"


def test_a_file_system_without_sync_ends_nothing(tmp_path, monkeypatch):
    def fails(*_) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fails)
    with whole_folder(tmp_path / "folder") as folder:
        write_text(folder / "file", "text")
    assert (tmp_path / "folder" / "file").read_text() == "text"


def test_a_file_and_its_folder_are_on_the_disk_before_the_block_is_done(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(os.fstat(descriptor).st_ino), fsync(descriptor)))
    write_text(tmp_path / "file", "text")
    assert synced == [(tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino]


def test_emptying_a_folder_leaves_its_lock(tmp_path):
    (tmp_path / "old").touch()
    (tmp_path / "folder").mkdir()
    with locked(tmp_path):
        empty(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_new_folder_goes_when_nothing_was_written_to_it(tmp_path):
    def fails_in(folder, writes: bool) -> None:
        with claimed(folder):
            if writes:
                (folder / "file").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_in(tmp_path / "a" / "run", writes=False)
    assert not (tmp_path / "a" / "run").exists()
    with pytest.raises(ZeroDivisionError):
        fails_in(tmp_path / "kept", writes=True)
    assert (tmp_path / "kept" / "file").exists()
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match=r"folder .*file/run cannot be written"),
        claimed(tmp_path / "file/run"),
    ):
        pass
