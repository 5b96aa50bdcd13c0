import dataclasses
import json
import subprocess
import sys

import pytest

from helpers.records import LINE, ONE, TWO, record
from nlgan_tf.errors import InputError
from nlgan_tf.reproduce.results import ResultsFile, split_parts


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
        (LINE + LINE[:40], "line 2: Expected whole lines, got a torn one"),
        (LINE[:40] + "\n" + LINE, "line 1: Expected one JSON object a line, got a torn line or no JSON"),
        (LINE[:-1], "line 1: Expected whole lines, got a torn one"),
        ('{"accuracy": 1}\n', "line 1: Expected a result of table 1, an object with the keys task, size, .*; got {"),
        ("[1]\n", r"line 1: Expected a result of table 1, .*; got \[1\]"),
        ("\n", "line 1: Expected one JSON object a line"),
        (json.dumps(record(size="100")) + "\n", "Expected size of a result to be int; got '100'"),
        (json.dumps(record(commit=5)) + "\n", "Expected commit of a result to be str or null; got 5"),
        (json.dumps(record(method="magic")) + "\n", "Expected method to be one of nlgan, .*; got 'magic'"),
        (json.dumps(record(recipe="magic")) + "\n", "Expected recipe to be one of literal, paper, modern; got 'magic'"),
        (json.dumps(record(accuracy=95.7)) + "\n", "Expected accuracy of a result to be from 0 to 1, got 95.7"),
        (json.dumps(record(seconds=float("inf"))) + "\n", "Expected seconds .* to be finite and at least 0, got inf"),
        (json.dumps(record(method="nlgan")) + "\n", "Expected epochs of nlgan to be at least 1, got None"),
        (json.dumps(record(epochs=-1)) + "\n", "Expected epochs of svc to be at least 0, got -1"),
        (json.dumps(record(coverage={"5": "many"})) + "\n", "Expected coverage .* from 0 to 1, got {'5': 'many'}"),
        (json.dumps(record(accuracy_discriminator="x")) + "\n", "Expected accuracy_discriminator .* or float; got 'x'"),
        (json.dumps(record(purity_p=0.9)) + "\n", "Expected all or none of judge_accuracy, .*; got purity_p"),
        (json.dumps(record(task="mnist:5-vs-7")) + "\n", "line 1: .* this grid, got mnist:5-vs-7 100 .* of another"),
        (LINE + LINE, "line 2: Expected each combination once, got digits:5-vs-7 100 .* twice"),
        ("\x00\xff\n", "line 1: Expected one JSON object a line"),
        (LINE[:-2] + ', "\xff": 1}\n', "line 1: Expected one JSON object a line"),  # no UTF-8
        ("[" * 100_000 + "\n", "line 1: Expected one JSON object a line"),
    ],
)
def test_a_bad_file_is_named_and_stays_as_it_was(results, text, message):
    results.path.parent.mkdir()
    results.path.write_text(text, encoding="latin-1")
    for act in (results.read, lambda: results.append(record(TWO)), lambda: results.claim(TWO)):
        with pytest.raises(InputError, match=message):
            act()
    assert results.path.read_text(encoding="latin-1") == text


@pytest.mark.parametrize("name", ["table1.jsonl", "we[i]rd.jsonl", "t*.jsonl"])
def test_what_a_killed_process_left_is_deleted_and_nothing_else(tmp_path, name):
    results = ResultsFile(tmp_path / name)
    results.append(record())
    leftover, others = (
        tmp_path / f".0123abcd-{name}",
        [tmp_path / f".0123abcd-{other}" for other in ("tx.jsonl", "x")],
    )
    for path in (leftover, *others):
        path.write_text("half a fi")
    results.append(record(TWO))
    assert not leftover.exists()
    assert all(path.exists() for path in others)
    assert list(results.read()) == [ONE, TWO]


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
    with pytest.raises(InputError, match=rf"Expected a results file of another suffix, .*; got .*{name}, its table"):
        ResultsFile(tmp_path / name)


def test_a_combination_is_written_once(results):
    results.append(record())
    with pytest.raises(ValueError, match=r"Expected a combination without a line in .*table1\.jsonl, got {"):
        results.append(record(accuracy=0.8))
    assert results.read() == {ONE: record()}


def test_one_run_gives_a_line_for_each_of_its_parts(results):
    nlgan = dataclasses.replace(ONE, method="nlgan", recipe="modern")
    of_run = record(nlgan, accuracy=0.97, epochs=9, features="f.keras", judge_accuracy=0.9, purity_p=1.0, purity_n=1.0)
    of_run |= {"coverage": {}, "parts": {"nlgan-drawn": 0.9, "nlgan-d": 0.95}}
    whole, drawn, of_d = split_parts(of_run)
    assert whole == {name: value for name, value in of_run.items() if name != "parts"}
    plain = record(nlgan, epochs=9, features="f.keras")
    assert drawn == {**plain, "method": "nlgan-drawn", "accuracy": 0.9}
    assert of_d == {**plain, "method": "nlgan-d", "accuracy": 0.95}
    results.append(whole, drawn, of_d)
    assert list(results.read().values()) == [whole, drawn, of_d]
    # All or nothing: no line of a second run is added where one combination has a line already.
    with pytest.raises(InputError, match="Expected a combination without a line"):
        results.append({**whole, "seed": 1}, drawn)
    assert len(results.read()) == 3
    assert split_parts(record()) == [record()]


def test_what_is_no_result_is_not_written(results):
    with pytest.raises(ValueError, match="Expected accuracy of a result to be from 0 to 1, got nan"):
        results.append(record(accuracy=float("nan")))
    assert not results.path.exists()


def test_a_claim_holds_until_it_is_closed_or_the_combination_is_done(results):
    claim = results.claim(ONE)
    other = ResultsFile(results.path, results.cells)
    assert other.claim(ONE) is None
    assert other.claim(TWO) is not None
    claim.close()
    claim = other.claim(ONE)
    assert claim is not None
    other.append(record())
    claim.close()
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
