import contextlib
import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nlgan_tf.errors import InputError
from nlgan_tf.files import (
    LOCK,
    WriteFailed,
    check_no_pattern,
    claimed,
    delete_leftovers,
    empty,
    locked,
    read_json,
    sha256,
    whole_file,
    whole_folder,
    write_errors,
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


def failing(code: int):
    """A system call that fails."""

    def fails(*_, **__) -> None:
        raise OSError(code, os.strerror(code))

    return fails


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EBADF, errno.ENOLCK, errno.EROFS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_ends_nothing(tmp_path, monkeypatch, code):
    monkeypatch.setattr(fcntl, "flock", failing(code))
    for wait in (False, True):
        with contextlib.ExitStack() as block:
            with pytest.warns(UserWarning, match="Expected a file system with locks, got none"):
                held = block.enter_context(locked(tmp_path, wait))
            assert held is False
            write_text(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_other_errors_of_a_lock_are_raised(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)), locked(tmp_path):
        pass


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EBADF])
@pytest.mark.parametrize("call", ["fsync", "chmod"])
def test_a_file_system_without_sync_or_modes_ends_nothing(tmp_path, monkeypatch, call, code):
    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, call, failing(code))
    write_text(tmp_path / "file", "text")
    with whole_folder(tmp_path / "folder") as folder:
        write_text(folder / "file", "text")
    assert [path.read_text() for path in (tmp_path / "file", tmp_path / "folder" / "file")] == ["text", "text"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_content_that_did_not_reach_the_disk_replaces_nothing(tmp_path, monkeypatch, code):
    write_text(tmp_path / "file", "old")
    with whole_folder(tmp_path / "folder") as folder:
        (folder / "old").touch()
    monkeypatch.setattr(os, "fsync", failing(code))
    with pytest.raises(OSError, match=os.strerror(code)):
        write_text(tmp_path / "file", "new")
    with pytest.raises(OSError, match=os.strerror(code)), whole_folder(tmp_path / "folder") as folder:
        (folder / "new").touch()
    assert (tmp_path / "file").read_text() == "old"
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "file",
        "folder",
        "folder/old",
    ]


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    with whole_folder(tmp_path / "folder") as folder:
        (folder / "old").touch()
    rename = Path.rename

    def rename_once(path, target):
        monkeypatch.setattr(Path, "rename", failing_once)
        return rename(path, target)

    def failing_once(path, target):
        monkeypatch.setattr(Path, "rename", rename)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "rename", rename_once)
    with pytest.raises(OSError, match="Input/output error"), whole_folder(tmp_path / "folder") as folder:
        (folder / "new").touch()
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["folder", "folder/old"]


def test_a_file_that_is_replaced_passes_its_mode_on_and_a_link_stays_a_link(tmp_path):
    write_text(tmp_path / "file", "old")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_who_may_write_a_folder_may_take_a_lock_that_was_left(tmp_path):
    tmp_path.chmod(0o770)
    with locked(tmp_path):
        assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the quota of disk space is used up"),
        (RuntimeError("write failed: errno = 27, error message = 'File too large'"), "beyond the limit on the size"),
        (ValueError("x; No space left on device"), "no space left on the disk"),
    ],
)
def test_a_place_without_room_is_one_line(error, words):
    with pytest.raises(WriteFailed) as found, write_errors(Path("base")):
        raise error
    assert words in found.value.strerror
    assert found.value.strerror.endswith("while writing base: make room")
    with pytest.raises(WriteFailed) as again, write_errors(Path("run"), "resume"):
        raise found.value
    assert again.value is found.value


def test_other_errors_of_writing_stay_as_they_are():
    with pytest.raises(ZeroDivisionError), write_errors(Path("base")):
        raise ZeroDivisionError


@pytest.mark.parametrize("content", ["{", "[1]", "7"])
def test_what_is_no_json_object_is_one_line(tmp_path, content):
    (tmp_path / "file.json").write_text(content)
    with pytest.raises(InputError, match=r"Expected .*file\.json as a run wrote it, got"):
        read_json(tmp_path / "file.json")


@pytest.mark.parametrize("name", ["we[i]rd", "a*b", "what?", "back\\slash"])
def test_a_path_that_tensorflow_matches_names_by_is_refused(name):
    assert check_no_pattern(Path("plain (1)", "ü {a,b} $x")) == Path("plain (1)", "ü {a,b} $x")
    with pytest.raises(InputError, match=r"Expected a folder without the characters"):
        check_no_pattern(Path("a", name, "run"))


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
    with pytest.raises(ZeroDivisionError), claimed(tmp_path / "new"), locked(tmp_path / "new", wait=True):
        raise ZeroDivisionError
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match=r"folder .*file/run cannot be written"),
        claimed(tmp_path / "file/run"),
    ):
        pass
