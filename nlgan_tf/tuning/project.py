"""The project folder of a search: whose it is, and states that appear whole."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from keras_tuner.src import config, utils

from nlgan_tf.errors import InputError
from nlgan_tf.files import claimed, empty, locked, read_json, write_text
from nlgan_tf.tuning.trials import ENDED

# keras-tuner's own state.
ORACLE = "oracle.json"
SEARCH, BEST, TRIALS, PLANE = "search.json", "best.json", "trials.csv", "plane.png"


def claim(project: Path, settings: dict, overwrite: bool) -> None:
    """Makes the folder this search's, or finds that it is.

    Raises:
        InputError: if it holds another search, or something else.
        BlockingIOError: if it is to be overwritten, and another process searches there.
    """
    known = project / SEARCH
    if overwrite and known.exists():
        with locked(project):
            empty(project)
    if known.exists():
        found = read_json(known)
        differing = [name for name in settings if found.get(name) != json.loads(json.dumps(settings[name]))]
        if differing:
            name = differing[0]
            raise InputError(
                f"{project} holds another search, with {name} {json.dumps(found.get(name))} and not "
                f"{json.dumps(settings[name])}: accepted are its own settings, another --project, or --overwrite"
            )
    elif project.exists() and (not project.is_dir() or any(project.iterdir())):
        raise InputError(f"{project} is no project folder of a search: accepted are a new folder or a search's own")
    else:
        with claimed(project):
            write_text(known, json.dumps(settings, indent=2) + "\n")


def wait_for_chief(project: Path, seconds: float) -> None:
    """Waits until the chief has claimed the folder; ConnectionError if it does not."""
    end = time.monotonic() + seconds
    while not (project / SEARCH).exists():
        if time.monotonic() > end:
            raise ConnectionError(
                f"no chief has begun a search in {project}: start it, or give the folder that it uses"
            )
        time.sleep(1)


def settle(project: Path) -> None:
    """After a kill between two writes of keras-tuner's: what its oracle does not list goes, what ended stays ended."""
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
    """keras-tuner with states that appear whole, and without tracebacks.

    It rewrites its JSON in place, so that a process killed in the middle would leave half a file, and it prints the
    traceback of a failed trial, whose reason we give.
    """
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
