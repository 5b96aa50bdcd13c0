"""The project folder of a search: which search owns it, and states that are written whole."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from nlgan_tf.compat.tuner import keras_tuner
from nlgan_tf.errors import InputError
from nlgan_tf.files import HIDDEN, LOCK, claimed, empty, locked, read_json, write_text
from nlgan_tf.tuning.trials import ENDED

# keras-tuner's own state.
ORACLE = "oracle.json"
SEARCH, BEST, TRIALS, PLANE = "search.json", "best.json", "trials.csv", "plane.png"


def check(project: Path, settings: dict, overwrite: bool = False) -> None:
    """Raises InputError unless the folder is new, empty, of a search with these settings, or a search to overwrite."""
    if (project / SEARCH).exists():
        if not overwrite:
            _check_settings(project, settings)
    elif project.exists() and not _is_unused(project):
        raise InputError(f"Expected a new folder or a search's own, got {project}, which is no project folder")


def _is_unused(project: Path) -> bool:
    """Whether the path is a folder with nothing in it but the lock, or the half of a first file of a killed start."""
    return project.is_dir() and all(HIDDEN.match(path.name) or path.name == LOCK for path in project.iterdir())


def _check_settings(project: Path, settings: dict) -> None:
    found = read_json(project / SEARCH)
    for name, value in settings.items():
        value = json.loads(json.dumps(value))
        if found.get(name) != value:
            raise InputError(
                f"Expected {name} {json.dumps(found.get(name))}, as the search in {project} began with, got "
                f"{json.dumps(value)}: another --project or --overwrite begins a new search"
            )


@contextlib.contextmanager
def held(project: Path, settings: dict, overwrite: bool) -> Iterator[None]:
    """Makes the folder and locks it for this search, or finds that it is this search's; deletes nothing.

    Raises:
        InputError: For the folder of another search, or of something else.
        BlockingIOError: If another process searches there.
        OSError: If the folder cannot be written.
    """
    check(project, settings, overwrite)
    with claimed(project), locked(project):
        # Again: another process may have begun a search before the lock.
        check(project, settings, overwrite)
        yield


def begin(project: Path, settings: dict, overwrite: bool) -> None:
    """Writes the settings of a new search into a folder that is held, and first deletes a search to overwrite."""
    known = project / SEARCH
    if overwrite and known.exists():
        empty(project)
    if not known.exists():
        write_text(known, json.dumps(settings, indent=2) + "\n")


def wait_for_chief(project: Path, seconds: float) -> None:
    """Waits until the chief has begun a search in the folder; raises ConnectionError after so many seconds."""
    end = time.monotonic() + seconds
    while not (project / SEARCH).exists():
        if time.monotonic() > end:
            raise ConnectionError(
                f"Expected a chief that began a search in {project}, got none in {seconds:g} s: start the chief, or "
                "give its folder"
            )
        time.sleep(1)


def settle(project: Path) -> None:
    """Mends keras-tuner's state after a kill between two of its writes.

    Trials that its oracle does not list are deleted; trials that ended are taken off the list of ongoing ones.
    """
    path = project / ORACLE
    if not path.exists():
        return
    oracle = read_json(path)
    for trial in project.glob("trial_*"):
        if trial.name.removeprefix("trial_") not in oracle["start_order"]:
            shutil.rmtree(trial)
    for tuner_id, trial_id in list(oracle["ongoing_trials"].items()):
        if read_json(project / f"trial_{trial_id}" / "trial.json")["status"] in ENDED:
            del oracle["ongoing_trials"][tuner_id]
            oracle["end_order"].append(trial_id)
    write_text(path, json.dumps(oracle))


@contextlib.contextmanager
def amended_keras_tuner() -> Iterator[None]:
    """Lets keras-tuner write its states whole, and print no tracebacks.

    keras-tuner rewrites its JSON in place, so that a process killed in the middle would leave half a file, and prints
    the traceback of a failed trial, whose reason we print.
    """
    utils, config = keras_tuner.src.utils, keras_tuner.src.config
    in_place, debug = utils.save_json, config.DEBUG

    def save_json(path: str, value: object) -> str:
        text = json.dumps(value)
        write_text(Path(path), text)
        return text

    utils.save_json, config.DEBUG = save_json, False
    try:
        yield
    finally:
        utils.save_json, config.DEBUG = in_place, debug
