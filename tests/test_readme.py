"""What the README says can be done is done here; .ci/run runs its two commands as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl
from helpers import ROOT

README = (ROOT / "README.md").read_text()
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/recipes.md",
        "docs/distribution.md",
        "docs/table1.md",
        "docs/noise-rates.md",
        "docs/tuning.md",
        "docs/stacks.md",
        "results/README.md",
        "export/README.md",
    ],
)
def test_every_file_that_a_page_names_is_there(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.slow
def test_the_notebook_example_runs_as_it_stands():
    # Fewer epochs and images alone, so that it ends in seconds.
    code = PYTHON_BLOCKS[0].replace("epochs=20", "epochs=1").replace("10_000", "100")
    names: dict = {}
    exec(code, names)
    assert names["images"].shape == (100, 16, 16, 1)
    assert names["labels"].sum() == 50


SMALL = "--epochs 1 --samples-per-epoch 128 --width 0.1"
SMALL += " --classifier-epochs 1 --classifier-num-images 64 --classifier-width 0.1 --classifier-samples-per-epoch 128"


@pytest.fixture
def own_data(tmp_path, monkeypatch) -> Path:
    """The folder with mine.npz, written as the README says; commands run there."""
    monkeypatch.chdir(tmp_path)
    task = nl.load_task("digits:5-vs-7")
    exec(
        PYTHON_BLOCKS[1],
        {"images": task.images, "labels": nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), 0)},
    )
    return tmp_path


def nlgan_tf(command: str) -> None:
    subprocess.run([sys.executable, "-m", "nlgan_tf.cli", *command.split(), "--quiet"], check=True)


@pytest.mark.slow
def test_own_data_as_the_readme_says(own_data):
    nlgan_tf(re.search(r"`nlgan-tf (run --task npz:mine.npz [^`]+)`", README)[1] + f" {SMALL}")
    with np.load(own_data / "runs" / "mine-1" / "clean_dataset.npz") as drawn:
        assert drawn["images"].shape == (64, 16, 16, 1)


@pytest.mark.slow
def test_what_a_search_finds_trains_as_the_readme_says(own_data):
    search, run = re.search(r"```bash\nnlgan-tf (tune .+)\nnlgan-tf (run .+)\n```", README).groups()
    nlgan_tf(f"{search} --trials 1 {SMALL}")
    nlgan_tf(run)
    found = nl.RunConfig.from_json((own_data / "tuning" / "mine" / "best.json").read_text())
    trained = nl.RunConfig.from_json((own_data / "runs" / "mine-1" / "config.json").read_text())
    assert trained.stage_one == found.stage_one
    assert (own_data / "runs" / "mine-1" / "saved_models" / "classifier" / "1").is_dir()
