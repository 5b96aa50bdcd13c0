import re

import pytest

from helpers import ROOT

# What each prints before its result, and the least result after one epoch; the trials of a search are too short for
# more than a number.
TRAINED, FOUND = "trained on drawn images", "wrong labels found in the most doubtful quarter"
LEAST = {"01_quick_start": (TRAINED, 0.5), "02_tuning": (TRAINED, 0.2), "03_own_folder": (FOUND, 0.4)}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


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
