"""Every block of the documentation runs, page by page and in its order; tests/test_readme.py runs README's."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl
from helpers import ROOT
from helpers.forked import NLGAN_TF, output_of
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


# What ends a command in seconds.
PURITIES = "--pi-p 0.7 --pi-n 0.85 --quiet"
STAGE = f"--folds 1 --epochs 1 --samples-per-epoch 64 --batch-size 16 --width 0.1 {PURITIES}"
CLASSIFIER = (
    "--classifier-epochs 1 --classifier-num-images 32 --classifier-width 0.1 --classifier-samples-per-epoch 256"
)
RUN = f"{STAGE} --refine-epochs 0 {CLASSIFIER} --no-compare --no-export"
# Commands of the pages in an order in which each finds what it reads, with what is added to each, and what each leaves.
COMMANDS = (
    ("noise-rates.md", "run --task npz:mine.npz", RUN, "runs/mine-1/report.html"),
    ("label-scores.md", "score --task npz:mine.npz --gallery suspects.png", STAGE, "suspects.png"),
    ("label-scores.md", "score --run runs/mine-1", "--out again.csv", "again.csv"),
    ("own-data.md", "run --task folder:photos", RUN, "runs/photos-1/report.html"),
    # Of two --task the last counts.
    (
        "recipes.md",
        "run --task cifar10:automobile-vs-airplane --size 1000 --generator resnet --refine-epochs 100",
        f"--task folder:photos --size 16 {RUN} --refine-epochs 1",
        "runs/photos-2/report.html",
    ),
    ("report.md", "report runs/digits_5_7-vs-2_4-1", "", "runs/digits_5_7-vs-2_4-1/report.html"),
    ("report.md", "report runs/digits_5_7-vs-2_4-1 --out page.html --overwrite", "", "page.html"),
)
# Other commands, by the test that runs them, or why none can.
ELSEWHERE = {
    "priors --task npz:mine.npz": "tests/noise_rates/test_report.py",
    "score --task npz:mine.npz --out scores.csv --corrected corrected.csv": "tests/cli/test_score.py",
    "reproduce table1 --recipe paper --seeds 5 --jobs 2 --results results/table1.jsonl": (
        "tests/reproduce/test_table1.py"
    ),
    "run --resume RUN": "tests/pipeline/test_resume.py",
    "run --recipe paper --task mnist:5,7-vs-2,4 --size 1000": "tests/pipeline/test_run.py",
    "tune --task npz:mine.npz --pi-p 0.7 --pi-n 0.85": "tests/test_readme.py",
    "run --config tuning/mine/best.json": "tests/test_readme.py",
    # Over several machines, in this one's processes.
    "tune --project /shared/search --trials 40": "tests/tuning/test_search.py",
    'tune --project "$HOME/search" --trials 40': "tests/tuning/test_search.py",
    # Downloads EfficientNetB0; with an extractor from a file:
    "run --task cifar10:automobile-vs-airplane --size 100 --features EfficientNetB0 --classifier-network features": (
        "tests/pipeline/test_phases.py"
    ),
}


def commands_of(name: str) -> list[str]:
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / name).read_text(), re.DOTALL))
    return [command.strip() for command in re.findall(r"nlgan-tf ([^#;\n]+)", blocks)]


def test_every_command_of_a_page_is_run():
    found = {command for page in (ROOT / "docs").glob("*.md") for command in commands_of(page.name)}
    assert found == {command for _, command, _, _ in COMMANDS} | set(ELSEWHERE)
    assert all((ROOT / path).is_file() for path in ELSEWHERE.values())
    assert all(command in commands_of(page) for page, command, _, _ in COMMANDS)


@pytest.mark.slow
def test_the_commands_of_the_pages_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    class_folders(tmp_path / "photos", {"cat": 8, "dog": 8})
    task = nl.load_task("digits:5-vs-7", size=40)
    noisy = nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), seed=0)
    np.savez("mine.npz", images=task.images, noisy_labels=noisy, class_names=np.array(["7", "5"]))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "digits_5_7-vs-2_4-1").symlink_to("mine-1")
    for _, command, smaller, left in COMMANDS:
        Path(left).unlink(missing_ok=True)
        output_of(NLGAN_TF, *command.split(), *smaller.split(), log=tmp_path / "log")
        assert Path(left).is_file(), command
