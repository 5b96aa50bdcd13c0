"""What the documentation says can be done is done here; .ci/run runs the README's two commands as they stand."""

import ast
import json
import re
from pathlib import Path

import click
import numpy as np
import pytest

import nlgan_tf as nl
from helpers import ROOT
from helpers.forked import NLGAN_TF, output_of
from helpers.pages import LINK, NAMED_OBJECT, NAMED_PATH, NAMED_TEST, PAGES, anchors, defined_tests, find, name_of
from nlgan_tf.cli.entry import cli

# A command in a block, continued by backslashes, or in backticks.
COMMAND = re.compile(r"(?:^|`|bin/|until )nlgan-tf ((?:\\\n|[^`\n;&])+)", re.MULTILINE)
README = (ROOT / "README.md").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def replaced(text: str, old: str, new: str) -> str:
    """The text with `old` replaced, which must be part of it."""
    assert old in text, f"{old!r} is missing"
    return text.replace(old, new)


def test_pages_are_found():
    assert {"README.md", "CONTRIBUTING.md", "docs/recipes.md", "results/README.md"} <= set(map(name_of, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(page):
    for target, anchor in LINK.findall(page.read_text()):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_a_page_names_exists(page):
    for path in NAMED_PATH.findall(page.read_text()):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_name_of_code_and_of_tests_exists(page):
    for name in NAMED_OBJECT.findall(page.read_text()):
        find(name)
    for path, test in NAMED_TEST.findall(page.read_text()):
        assert test in defined_tests(path)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_python_block_parses_and_imports_what_exists(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("nlgan_tf"):
                for alias in node.names:
                    find(f"{node.module}.{alias.name}")
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nl":
                find(f"nlgan_tf.{node.attr}")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_option_of_a_command_exists(page):
    for line in COMMAND.findall(page.read_text()):
        command, words = cli, line.split()
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        options = {"--help"}.union(*([*parameter.opts, *parameter.secondary_opts] for parameter in command.params))
        for word in words:
            assert not word.startswith("--") or word.rstrip(",.)") in options, f"nlgan-tf {line}"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name_of)
def test_every_link_of_a_notebook_leads_somewhere(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    prose = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    for target, _ in LINK.findall(prose):
        assert (notebook.parent / target).exists(), target


def test_every_dependency_has_its_reason():
    listed = re.search(r"^dependencies = \[.*?(?=^\[project.scripts\])", PYPROJECT, re.DOTALL | re.MULTILINE)[0]
    packages = set(re.findall(r'"([a-zA-Z][\w-]*)(?:\[[\w,-]+\])?(?:[<>=!][^";]*)?(?:;[^"]*)?"', listed)) - {"nlgan-tf"}
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## Dependencies")[2]
    named = {name for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in re.findall(r"[\w-]+", row)}
    assert {"tensorflow", "etils", "torch"} <= packages
    assert not packages - named


def test_results_fit_one_screen():
    assert len((ROOT / "results" / "README.md").read_text().splitlines()) <= 40


def test_every_page_of_results_is_in_their_table():
    table = (ROOT / "results" / "README.md").read_text()
    for page in PAGES:
        if page.is_relative_to(ROOT / "results") and page.name != "README.md":
            assert f"({page.relative_to(ROOT / 'results')})" in table, page


@pytest.mark.slow
def test_the_notebook_example_runs_as_it_stands():
    # Fewer epochs and images alone, so that it ends in seconds.
    code = replaced(replaced(PYTHON_BLOCKS[0], "epochs=10", "epochs=1"), "10_000", "100")
    names: dict = {}
    exec(code, names)
    assert names["images"].shape == (100, 16, 16, 1)
    assert names["labels"].sum() == 50


@pytest.mark.slow
def test_both_stages_in_one_call_as_the_readme_says():
    task = nl.load_task("digits:5,7-vs-2,4", size=40)
    noisy = nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), seed=0)
    small = ", stage_one=stage_one, stage_two=stage_two)"
    code = replaced(PYTHON_BLOCKS[1], "nl.NoisePriors(0.7, 0.85))", "nl.NoisePriors(0.7, 0.85)" + small)
    names = {
        "nl": nl,
        "task": task,
        "noisy": noisy,
        "stage_one": nl.StageOneConfig(epochs=1, samples_per_epoch=128, width=0.1),
        "stage_two": nl.StageTwoConfig(epochs=1, samples_per_epoch=128, width=0.1, num_images=64),
    }
    exec(code, names)
    result = names["result"]
    assert result.images.shape == (64, 16, 16, 1)
    assert result.labels.sum() == 32
    assert result.posterior.shape == (40,)
    assert result.classifier.output_shape == (None, 1)
    assert isinstance(result.model, nl.NLGAN)


SMALL = "--folds 1 --refine-epochs 0 --epochs 1 --samples-per-epoch 128 --width 0.1"
SMALL += " --classifier-epochs 1 --classifier-num-images 64 --classifier-width 0.1 --classifier-samples-per-epoch 128"


@pytest.fixture
def own_data(tmp_path, monkeypatch) -> Path:
    """The folder with mine.npz, written as the README says; commands run in it."""
    monkeypatch.chdir(tmp_path)
    task = nl.load_task("digits:5-vs-7")
    exec(
        PYTHON_BLOCKS[2],
        {"images": task.images, "labels": nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), 0)},
    )
    return tmp_path


def nlgan_tf(command: str) -> None:
    output_of(NLGAN_TF, *command.split(), "--quiet", log=Path("log"))


@pytest.mark.slow
def test_own_data_as_the_readme_says(own_data):
    nlgan_tf(re.search(r"`nlgan-tf (run --task npz:mine.npz [^`]+)`", README)[1] + f" {SMALL} --no-export")
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
