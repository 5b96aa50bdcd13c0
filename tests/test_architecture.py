"""docs/architecture.md names rooms, functions and tests that exist, and draws the layers that setup.cfg checks."""

import ast
import configparser
import importlib
import re

import pytest

import nlgan_tf
from helpers import ROOT
from helpers.pages import NAMED_OBJECT, NAMED_PATH, NAMED_TEST, defined_tests, find

PAGE = (ROOT / "docs" / "architecture.md").read_text()


def section(heading: str) -> str:
    return re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


def rows(heading: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def layers() -> list[str]:
    """The rooms in the order of the import contract, rooms of one layer in the order of their line."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / "setup.cfg")
    lines = contract["importlinter:contract:layers"]["layers"].split("\n")
    return [room.strip() for line in lines for room in line.split("|") if room.strip()]


def test_the_picture_has_the_layers_of_the_import_contract():
    svg = (ROOT / "docs" / "images" / "rooms.svg").read_text()
    assert re.findall(r'class="room"[^>]*>(\w+)<', svg) == layers()


def test_the_table_of_rooms_has_the_layers_of_the_import_contract():
    assert [row[0].strip("`") for row in rows("The rooms")] == layers()


def test_every_room_of_the_package_is_a_layer():
    package = {path.stem for path in (ROOT / "nlgan_tf").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert package - {"__init__", "__pycache__"} == set(layers())


def test_the_picture_has_the_steps_of_the_table():
    svg = (ROOT / "docs" / "images" / "rooms.svg").read_text()
    drawn = set(map(int, re.findall(r">(\d+)</text>", svg)))
    assert drawn == {int(row[0]) for row in rows("The way of one batch")}


@pytest.mark.parametrize("name", sorted(set(NAMED_OBJECT.findall(PAGE))))
def test_every_name_exists(name):
    find(name)


def test_missing_names_are_noticed():
    with pytest.raises(AttributeError):
        find("nlgan_tf.losses.absent")
    with pytest.raises((ImportError, AttributeError)):
        find("nlgan_tf.absent.noisy_loss")


@pytest.mark.parametrize("row", rows("From the paper to the code"), ids=lambda row: f"{row[0]}: {row[1]}")
def test_every_line_of_the_paper_has_a_function_and_a_test(row):
    _, _, functions, tests = row
    assert NAMED_OBJECT.findall(functions)
    named = NAMED_TEST.findall(tests)
    assert named or (all((ROOT / path).is_file() for path in NAMED_PATH.findall(tests)) and NAMED_PATH.findall(tests))
    for path, test in named:
        assert test in defined_tests(path)


def test_the_table_covers_the_paper():
    papers = " ".join(row[0] for row in rows("From the paper to the code"))
    for place in ("eq. (1)", "eq. (2)", "eq. (3)", "eq. (4)", "eq. (5)", "2.1", "2.2.1", "2.2.2", "2.2.3", "3.1"):
        assert place in papers


def test_every_traced_function_says_whether_its_control_flow_is_converted():
    calls = [
        (path.name, node.lineno, {keyword.arg for keyword in node.keywords} if isinstance(node, ast.Call) else set())
        for path in sorted((ROOT / "nlgan_tf").rglob("*.py"))
        for node in traced_functions(ast.parse(path.read_text()))
    ]
    assert len(calls) > 10
    assert [call for call in calls if "autograph" not in call[2]] == []


def traced_functions(tree: ast.AST) -> list[ast.AST]:
    """The calls of `tf.function`, and the decorators `tf.function` that are not called."""
    nodes = list(ast.walk(tree))
    called = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "tf.function"]
    decorators = [place for node in nodes for place in getattr(node, "decorator_list", ())]
    return called + [node for node in decorators if ast.unparse(node) == "tf.function"]


def test_files_and_functions_stay_small():
    files = sorted((ROOT / "nlgan_tf").rglob("*.py"))
    long_files = [path.name for path in files if len(path.read_text().splitlines()) > 300]
    functions = [
        (path.name, node.name, node.end_lineno - node.lineno + 1)
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) > 500
    assert long_files == []
    assert [function for function in functions if function[2] > 60] == []
    assert len(layers()) <= 22


def test_type_checkers_read_the_names_that_load_on_first_use():
    """Each is imported from its home in the block that only type checkers read, as itself, so that it is public."""
    tree = ast.parse((ROOT / "nlgan_tf" / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    read = []
    for node in block.body:
        (name,) = node.names
        assert name.asname == name.name
        assert getattr(importlib.import_module(node.module), name.name) is getattr(nlgan_tf, name.name)
        read.append(name.name)
    assert sorted(read) == nlgan_tf.__all__
