"""The command's words; tests/reproduce/test_figures.py has what it draws."""

from pathlib import Path

import matplotlib.image
from click.testing import CliRunner

from nlgan_tf.cli.figures import figures
from nlgan_tf.reproduce.figures import CURVES


def test_each_figure_is_named_and_written(run_dir, tmp_path, monkeypatch):
    columns = ["epoch", *(column for panel in CURVES.values() for column in panel)]
    (run_dir / "history.csv").write_text(f"{','.join(columns)}\n{','.join('0' for _ in columns)}\n")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(figures, [str(run_dir)])
    assert done.output.splitlines() == ["Wrote figures/figure3.png", "Wrote figures/learning_curves.png"]
    for line in done.output.splitlines():
        assert matplotlib.image.imread(Path(line.removeprefix("Wrote "))).std() > 0


def test_without_runs_it_is_refused(refused):
    refused(["figures"], "Missing argument 'RUN_DIRS...'")


def test_a_folder_that_is_no_run_is_refused(tmp_path, refused):
    refused(["figures", str(tmp_path), "--out", str(tmp_path / "out")], f"Expected a run folder, got {tmp_path}")
    assert not (tmp_path / "out").exists()
