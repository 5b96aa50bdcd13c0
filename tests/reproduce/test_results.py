import json
import subprocess
import sys

import pytest

from helpers.records import LINE, ONE, TWO, record
from nlgan_tf.reproduce.results import ResultsFile


@pytest.fixture
def results(tmp_path) -> ResultsFile:
    return ResultsFile(tmp_path / "new" / "table1.jsonl", {ONE.cell})


def test_what_is_appended_is_read_back(results):
    assert results.read() == {}
    results.append(record(note="more than the keys"))
    results.append(record(TWO))
    assert ResultsFile(results.path).read() == {ONE: record(note="more than the keys"), TWO: record(TWO)}
    assert len(results.path.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LINE + LINE[:40], "line 2: the line is torn"),
        (LINE[:40] + "\n" + LINE, "line 1: the line is torn or no JSON"),
        (LINE[:-1], "line 1: the line is torn"),
        ('{"accuracy": 1}\n', "line 1: .* is no result of table 1: accepted are objects with the keys task, size"),
        ("[1]\n", "line 1: .* is no result of table 1"),
        ("\n", "line 1: the line is torn or no JSON"),
        (json.dumps(record(size="100")) + "\n", "size='100' is no result of table 1"),
        (json.dumps(record(method="magic")) + "\n", "method 'magic' is unknown: accepted are nlgan"),
        (json.dumps(record(recipe="magic")) + "\n", "Expected recipe to be one of literal, paper, modern; got 'magic'"),
        (json.dumps(record(accuracy=95.7)) + "\n", "accuracy=95.7 is no result .*: accepted are values from 0 to 1"),
        (json.dumps(record(seconds=float("inf"))) + "\n", "seconds=inf are no result"),
        (json.dumps(record(method="nlgan")) + "\n", "epochs=None is no result of nlgan: accepted are 1 and more"),
        (json.dumps(record(epochs=-1)) + "\n", "epochs=-1 is no result of svc: accepted are 0 and more"),
        (json.dumps(record(coverage={"5": "many"})) + "\n", "coverage={'5': 'many'} is no result"),
        (json.dumps(record(accuracy_discriminator="x")) + "\n", "accuracy_discriminator='x' is no result"),
        (json.dumps(record(purity_p=0.9)) + "\n", "a judge's result is not whole: accepted are all of judge_accuracy"),
        (json.dumps(record(task="mnist:5-vs-7")) + "\n", "line 1: mnist:5-vs-7 100 .* belongs to another grid"),
        (LINE + LINE, "line 2: digits:5-vs-7 100 .* stands there twice"),
        ("\x00\xff\n", "line 1: the line is torn or no JSON"),
        (LINE[:-2] + ', "\xff": 1}\n', "line 1: the line is torn or no JSON"),  # no UTF-8
        ("[" * 100_000 + "\n", "line 1: the line is torn or no JSON"),
    ],
)
def test_a_bad_file_is_named_and_stays_as_it_was(results, text, message):
    results.path.parent.mkdir()
    results.path.write_text(text, encoding="latin-1")
    for act in (results.read, lambda: results.append(record(TWO)), lambda: results.claim(TWO)):
        with pytest.raises(ValueError, match=message):
            act()
    assert results.path.read_text(encoding="latin-1") == text


def test_what_a_killed_process_left_is_deleted(results):
    results.append(record())
    leftover = results.path.with_name(f".0123abcd-{results.path.name}")
    leftover.write_text("half a fi")
    results.append(record(TWO))
    assert not leftover.exists()


def test_what_is_there_keeps_its_bytes_and_its_mode(results):
    results.append(record())
    before = results.path.read_bytes().replace(b"\n", b"\r\n")  # as some editors leave it
    results.path.write_bytes(before)
    results.path.chmod(0o640)
    results.append(record(TWO))
    assert results.path.read_bytes().startswith(before)
    assert results.path.stat().st_mode & 0o777 == 0o640
    assert list(results.read()) == [ONE, TWO]


def test_a_link_stays_one(results, tmp_path):
    results.append(record())
    link = tmp_path / "link.jsonl"
    link.symlink_to(results.path)
    ResultsFile(link).append(record(TWO))
    assert link.is_symlink()
    assert list(results.read()) == [ONE, TWO]


@pytest.mark.parametrize("name", ["table1.md", "table1.png"])
def test_a_name_that_the_table_would_take_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=f"{name} would be its own table: accepted is another suffix"):
        ResultsFile(tmp_path / name)


def test_a_combination_is_written_once(results):
    results.append(record())
    with pytest.raises(ValueError, match="already has a line of that combination"):
        results.append(record(accuracy=0.8))
    assert results.read() == {ONE: record()}


def test_what_is_no_result_is_not_written(results):
    with pytest.raises(ValueError, match="accuracy=nan"):
        results.append(record(accuracy=float("nan")))
    assert not results.path.exists()


def test_a_claim_holds_until_it_is_released_or_the_combination_is_done(results):
    claim = results.claim(ONE)
    other = ResultsFile(results.path, results.cells)
    assert other.claim(ONE) is None
    assert other.claim(TWO) is not None
    claim.release()
    claim = other.claim(ONE)
    assert claim is not None
    other.append(record())
    claim.release()
    assert results.claim(ONE) is None


def test_a_claim_ends_with_its_process(results):
    code = (
        "import os, signal, sys; from pathlib import Path; from helpers.records import ONE;"
        "from nlgan_tf.reproduce.results import ResultsFile;"
        "assert ResultsFile(Path(sys.argv[1])).claim(ONE); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(results.path)], cwd="tests", check=False)
    assert killed.returncode == -9
    assert results.claim(ONE) is not None
