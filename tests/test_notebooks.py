import re

import pytest

from helpers import ROOT

# After one epoch; the trials of a search are too short for more than a number.
LEAST_ACCURACY = {"01_quick_start": 0.5, "02_tuning": 0.2}
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
    assert float(re.search(r"trained on drawn images: ([\d.]+)", printed)[1]) > LEAST_ACCURACY[path.stem]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_kept_with_its_pictures_and_defines_no_model(path):
    text = path.read_text()
    assert "image/png" in text
    assert "keras.layers" not in text
    assert '"name": "stderr"' not in text
