"""Every Python block of the documentation runs, page by page and in its order; tests/test_readme.py runs README's."""

import dataclasses
import re

import pytest

import nlgan_tf as nl
from helpers import ROOT
from helpers.photographs import class_folders
from helpers.runs import STAGE_ONE, STAGE_TWO

SET, SMALL_SET = '"digits:5,7-vs-2,4"', '"digits:5,7-vs-2,4", size=40'
STAGES = ", stage_one=stage_one, stage_two=stage_two)"
# What each page's blocks have in smaller, so that they end in seconds.
SMALLER = {
    "distribution.md": {
        "task.image_shape, priors": "task.image_shape, priors, stage_one",
        "noisy), epochs=10": "noisy, 16, 64), epochs=1",
    },
    "label-scores.md": {
        "(task.images, noisy)\nprint": f"(task.images, noisy{STAGES}\nprint",
        "fold_epochs=2, classifier_epochs=4)": f"priors=priors{STAGES}",
    },
    "own-data.md": {"image_size=32": "image_size=16"},
    "table1.md": {
        "Grid(recipe": f'Grid([{SET}], [40], [(0.7, 0.85)], ["svc"], recipe',
        "seeds=5": "seeds=1",
        "n_workers=2": "processes=False, n_workers=1",
    },
    "tuning.md": {
        SET: SMALL_SET,
        '"dropout"))': f'"dropout"){STAGES}',
        "max_trials=12": "max_trials=1",
        "epochs=5": "epochs=1",
    },
}
# What is true of the names that a page's blocks leave.
LEFT = {
    "distribution.md": lambda names: names["strategy"].num_replicas_in_sync == 1 and names["model"].step.numpy() == 4,
    "label-scores.md": lambda names: len(names["table"]) == 200 == len(names["classifier"].label_quality_),
    "own-data.md": lambda names: names["task"].images.shape == (4, 16, 16, 3) and names["task"].files[0] == "cat/0.png",
    "table1.md": lambda names: len(names["results"].read()) == 1,
    "tuning.md": lambda names: isinstance(names["model"], nl.NLGAN),
}


def blocks_of(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / name).read_text(), re.DOTALL)


@pytest.fixture
def names() -> dict:
    """What README's first block defines, on fewer images, and small stages."""
    priors = nl.NoisePriors(0.7, 0.85)
    task = nl.load_task("digits:5,7-vs-2,4", size=40)
    noisy = nl.corrupt_labels(task.labels, priors, seed=0)
    stages = {"stage_one": dataclasses.replace(STAGE_ONE, epochs=1), "stage_two": STAGE_TWO}
    return {"__name__": "__main__", "nl": nl, "task": task, "noisy": noisy, "priors": priors, **stages}


def test_every_page_with_python_blocks_is_run():
    pages = {page.name for page in (ROOT / "docs").glob("*.md") if blocks_of(page.name)}
    assert pages == set(SMALLER) == set(LEFT)


@pytest.mark.slow
@pytest.mark.parametrize("page", SMALLER)
def test_the_blocks_of_a_page_run_in_their_order(page, names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})
    code = "\n".join(blocks_of(page))
    for old, new in SMALLER[page].items():
        assert old in code, f"{old!r} is missing"
        code = code.replace(old, new)
    exec(code, names)
    assert LEFT[page](names)
