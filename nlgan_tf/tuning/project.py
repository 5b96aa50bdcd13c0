"""The project folder of a search: whose it is, its trials as rows, and states that appear whole."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keras_tuner.src import config, utils

from nlgan_tf import run_folder
from nlgan_tf.files import whole_file, write_text
from nlgan_tf.tuning.objectives import OBJECTIVES

SEARCH, BEST, TRIALS, PLANE = "search.json", "best.json", "trials.csv", "plane.png"


@dataclass(frozen=True)
class TrialRow:
    """One trial that ended.

    Attributes:
        trial_id: keras-tuner's.
        values: the hyperparameters.
        score: the objective; None for a failed trial.
        measures: every objective that was computed.
        seconds: that it took.
        reason: why it failed, one line; None for a completed trial.
    """

    trial_id: str
    values: dict
    score: float | None
    measures: dict[str, float]
    seconds: float | None
    reason: str | None

    @classmethod
    def of(cls, trial) -> TrialRow:
        """Of a keras-tuner trial that is completed or failed."""
        measures = {name: _last(trial, name) for name in (*OBJECTIVES, "seconds") if trial.metrics.exists(name)}
        completed = trial.status == "COMPLETED"
        return cls(
            trial.trial_id,
            values_of(trial),
            trial.score if completed else None,
            {name: value for name, value in measures.items() if name != "seconds"},
            measures.get("seconds"),
            None if completed else reason(trial.message),
        )


def values_of(trial) -> dict:
    """A trial's hyperparameters, without those that Hyperband adds."""
    return {name: value for name, value in trial.hyperparameters.values.items() if not name.startswith("tuner/")}


def _last(trial, name: str) -> float:
    return float(trial.metrics.get_statistics(name)["mean"])


def reason(message: str | None) -> str:
    """Why a trial failed: the exception in a traceback, without the name of keras-tuner's own."""
    found = re.findall(r"^([\w.]+(?:Error|Exception)): (.+)$", message or "", re.MULTILINE)
    if not found:
        return "the objective is not a number" if message is None else message.strip().splitlines()[-1]
    kind, text = found[-1]
    return text if kind.startswith("keras_tuner.") else f"{kind}: {text}"


def claim(project: Path, settings: dict, overwrite: bool) -> None:
    """Makes the folder this search's, or finds that it is.

    Raises:
        ValueError: if it holds another search, or something else.
    """
    known = project / SEARCH
    if overwrite and known.exists():
        run_folder.empty(project)
    if known.exists():
        found = run_folder.read_json(known)
        differing = [name for name in settings if found.get(name) != json.loads(json.dumps(settings[name]))]
        if differing:
            name = differing[0]
            raise ValueError(
                f"{project} holds another search, with {name} {json.dumps(found.get(name))} and not "
                f"{json.dumps(settings[name])}: accepted are its own settings, another --project, or --overwrite"
            )
    elif project.exists() and (not project.is_dir() or any(project.iterdir())):
        raise ValueError(f"{project} is no project folder of a search: accepted are a new folder or a search's own")
    else:
        with run_folder.claimed(project):
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


def write_trials(path: Path, rows: list[TrialRow]) -> None:
    """Writes all trials as CSV, a column a hyperparameter and an objective."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    measures = list(dict.fromkeys(name for row in rows for name in row.measures))
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["trial", *names, *measures, "score", "seconds", "failed"])
        writer.writeheader()
        for row in rows:
            ends = {"trial": row.trial_id, "score": row.score, "seconds": row.seconds, "failed": row.reason}
            writer.writerow({**row.values, **row.measures, **ends})
