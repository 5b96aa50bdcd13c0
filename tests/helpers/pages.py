"""The Markdown pages of this repository, and whether the names in them exist."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

from helpers import ROOT

# Hidden folders are environments and caches; a model card is part of an export.
FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in folder.rglob("*.md"))]
    if page.name != "MODEL_CARD.md"
)
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]+))?\)")
# Paths in backticks: of a folder with a closing slash, or of a file with a suffix.
NAMED_PATH = re.compile(r"`((?:nlgan_tf|tests|docs|results|benchmarks|export|notebooks)/[\w./-]*(?:/|\.\w+))`")
# Names in backticks: nlgan_tf.losses.noisy_loss, tests/test_losses.py::test_values_by_hand.
NAMED_OBJECT = re.compile(r"`(nlgan_tf(?:\.\w+)+)(?:\([^`]*\))?`")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def name_of(path: Path) -> str:
    """The path within the repository."""
    return path.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def find(dotted: str):
    """The module, class, function or attribute of a dotted name; ImportError or AttributeError if it is missing."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError as error:
            if not dotted.startswith(error.name or "\0"):
                raise
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ImportError(dotted)


def defined_tests(path: str) -> set[str]:
    """The names of a test file's functions, methods included."""
    return {node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)}
