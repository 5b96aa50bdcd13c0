import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from helpers import ROOT
from helpers.pages import PAGES

PYPROJECT = (ROOT / "pyproject.toml").read_text()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    """The names of the files in the package's wheel, which is built from a copy of what is packaged."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "nlgan_tf", folder / "nlgan_tf", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return set(archive.namelist())


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    files = {path for path in (ROOT / "nlgan_tf").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(ROOT).as_posix() for path in files} == {name for name in wheel if "dist-info" not in name}


def test_the_package_says_that_it_has_types(wheel):
    assert "nlgan_tf/py.typed" in wheel


def test_the_classifiers_name_the_python_versions_that_are_accepted():
    least, below = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', PYPROJECT).groups()
    named = [int(minor) for minor in re.findall(r"Python :: 3\.(\d+)", PYPROJECT)]
    assert named == [*range(int(least), int(below))]


def test_every_extra_names_extras_that_exist():
    extras = re.search(r"\[project.optional-dependencies\]\n(.*?)\n\[", PYPROJECT, re.DOTALL)[1]
    defined = set(re.findall(r"^(\w+) = \[", extras, re.MULTILINE))
    texts = [PYPROJECT, *(page.read_text() for page in PAGES)]
    lists = [names for text in texts for names in re.findall(r"(?:nlgan-tf|\.)\[([a-z,]+)\]['\"`; ]", text)]
    named = {extra for names in lists for extra in names.split(",")}
    assert {"addons", "docs", "onnx"} <= named
    assert named <= defined
