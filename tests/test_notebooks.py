import re

import pytest

from helpers import ROOT

# What each prints before its result, and the least result after one epoch; the trials of a search are too short for
# more than a number.
TRAINED = "trained on drawn images"
LEAST = {
    "01_quick_start": (TRAINED, 0.5),
    "02_idea": ("images that D puts nearer to the delta of their true class", 0.8),
    "03_own_folder": ("wrong labels found in the most doubtful quarter", 0.4),
    "04_tuning": (TRAINED, 0.2),
    "05_strategy_and_resume": ("equal losses", 0.999),
    "06_export_and_call": ("answers of the served classifier that are right", 0.7),
    "07_table": ("cells in which recipe modern leads the best other method", 0.8),
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_every_notebook_has_its_result():
    assert [path.stem for path in NOTEBOOKS] == list(LEAST)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_from_top_to_bottom(path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("EPOCHS", "1")
    monkeypatch.setenv("TRIALS", "2")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": path.parent}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    )
    result, least = LEAST[path.stem]
    assert float(re.search(rf"{result}: ([\d.]+)", printed)[1]) > least


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_kept_with_its_pictures_and_defines_no_model(path):
    text = path.read_text()
    assert "image/png" in text
    assert "keras.layers" not in text
    assert '"name": "stderr"' not in text
