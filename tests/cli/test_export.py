"""What the commands print; tests/export and tests/pipeline/test_export_run.py have what they do, and refuse."""

import pytest
from click.testing import CliRunner, Result

from nlgan_tf import export as exports
from nlgan_tf.cli.export import check_export, export
from nlgan_tf.errors import InputError

ROW = {"model": "classifier", "version": "3", "signature": "serving_default", "batch": 1, "milliseconds": 12.4}


def shown(monkeypatch, rows) -> Result:
    monkeypatch.setattr(exports, "check_export", lambda directory: rows)
    return CliRunner().invoke(check_export, ["base"], env={"COLUMNS": "400"})


def rows_of(output: str) -> list[list[str]]:
    """The cells of the table's rows, without its head."""
    lines = [line.strip("|").split("|") for line in output.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[1:]]


def test_a_signature_is_one_line_with_all_its_batches(monkeypatch):
    rows = [{**ROW, "deviation": 2e-7}, {**ROW, "batch": 64, "milliseconds": 80.6, "deviation": 4.3e-7}]
    rows.append({**ROW, "signature": "serving_bytes", "deviation": 0.0})
    done = shown(monkeypatch, iter(rows))
    assert done.exit_code == 0
    assert rows_of(done.output) == [
        ["classifier/3", "serving_default", "1, 64", "12, 81", "4.3e-07"],
        ["classifier/3", "serving_bytes", "1", "12", "0.0e+00"],
    ]


def test_what_passed_is_shown_before_what_failed(monkeypatch):
    def rows():
        yield {**ROW, "deviation": 0.0}
        raise InputError("Expected the answers of Keras, got others")

    done = shown(monkeypatch, rows())
    assert isinstance(done.exception, InputError)
    assert [row[0] for row in rows_of(done.output)] == ["classifier/3"]


@pytest.mark.slow
def test_each_published_version_is_a_line(run_dir, tmp_path):
    done = CliRunner().invoke(export, [str(run_dir), "--to", str(tmp_path / "base")])
    assert done.output.splitlines() == [
        str(tmp_path / "base" / name / "1") for name in ("positive_generator", "negative_generator", "classifier")
    ]
