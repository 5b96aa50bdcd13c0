"""A finished run -> its page, written whole."""

from __future__ import annotations

import os
from pathlib import Path

import jinja2

import nlgan_tf
from nlgan_tf.errors import InputError
from nlgan_tf.files import make_folder, write_text
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.folder import REPORT
from nlgan_tf.pipeline.report.facts import RunFacts
from nlgan_tf.pipeline.report.sections.registry import SECTIONS


def write_report(
    run_dir: str | os.PathLike,
    out: str | os.PathLike | None = None,
    overwrite: bool = False,
    data_dir: str | None = None,
) -> Path:
    """Writes the page of a finished run, and returns its path.

    Args:
        run_dir: Folder of the run.
        out: File to write; by default report.html in the run folder, which is replaced.
        overwrite: Whether another file that exists is replaced.
        data_dir: Folder of TensorFlow Datasets, in place of the run's own.

    Raises:
        InputError: For a folder that holds no finished run, or a damaged one; for a folder in place of the file.
        FileExistsError: For a file that exists and is not to be replaced.
        OSError: For a file that cannot be written.
    """
    run = FinishedRun(run_dir, data_dir)
    path = run.run_dir / REPORT if out is None else Path(out).expanduser()
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise InputError(f"Expected a file to write, got {path}")
    if out is not None and path.exists() and not overwrite:
        raise FileExistsError(f"Expected a new file, got {path}, which exists: --overwrite replaces it")
    page = render(run)
    make_folder(path.parent)
    write_text(path, page)
    return path


def render(run: FinishedRun) -> str:
    """Returns the page of a finished run: HTML that refers to no other file."""
    facts = RunFacts(run)
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    sections = {name: {"title": section.title, "blocks": section.blocks(facts)} for name, section in SECTIONS.items()}
    negative, positive = facts.class_names
    about = [f"“{positive}” against “{negative}”", f"recipe {run.config.recipe}", f"seed {run.config.seed}"]
    if facts.counts is not None:
        about.insert(0, f"{sum(facts.counts)} images")
    return templates.get_template("page.html").render(
        title=f"Report of {run.config.task}",
        subtitle=", ".join(about),
        sections=sections,
        version=nlgan_tf.__version__,
    )
