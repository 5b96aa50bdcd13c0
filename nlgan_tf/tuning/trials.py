"""The trials of a search as rows of a table."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from nlgan_tf.files import whole_file
from nlgan_tf.tuning.objectives import OBJECTIVES

COMPLETED = "COMPLETED"
ENDED = (COMPLETED, "FAILED")


@dataclass(frozen=True)
class TrialRow:
    """One trial that ended.

    Attributes:
        trial_id: Number of the trial in keras-tuner, from "0" on.
        values: Hyperparameters by name.
        score: Objective of the search; None for a failed trial.
        measures: Objectives that were computed, by name.
        seconds: Duration of the trial.
        reason: Cause of the failure in one line; None for a completed trial.
    """

    trial_id: str
    values: dict
    score: float | None
    measures: dict[str, float]
    seconds: float | None
    reason: str | None

    @classmethod
    def of(cls, trial) -> TrialRow:
        """Returns the row of a keras-tuner trial that is completed or failed."""
        measures = {name: _last(trial, name) for name in (*OBJECTIVES, "seconds") if trial.metrics.exists(name)}
        completed = trial.status == COMPLETED
        return cls(
            trial.trial_id,
            values_of(trial),
            trial.score if completed else None,
            {name: value for name, value in measures.items() if name != "seconds"},
            measures.get("seconds"),
            None if completed else reason(trial.message),
        )


def values_of(trial) -> dict:
    """Returns a trial's hyperparameters, without those that Hyperband adds."""
    return {name: value for name, value in trial.hyperparameters.values.items() if not name.startswith("tuner/")}


def _last(trial, name: str) -> float:
    return float(trial.metrics.get_statistics(name)["mean"])


def reason(message: str | None) -> str:
    """Returns the cause of a failure: the exception of a traceback, without the name of keras-tuner's own errors."""
    found = re.findall(r"^([\w.]+(?:Error|Exception)): (.+)$", message or "", re.MULTILINE)
    if not found:
        return "the objective is not a number" if message is None else message.strip().splitlines()[-1]
    kind, text = found[-1]
    return text if kind.startswith("keras_tuner.") else f"{kind}: {text}"


def write_trials(path: Path, rows: list[TrialRow]) -> None:
    """Writes all trials as CSV, with a column for each hyperparameter and each objective."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    measures = list(dict.fromkeys(name for row in rows for name in row.measures))
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["trial", *names, *measures, "score", "seconds", "failed"])
        writer.writeheader()
        for row in rows:
            ends = {"trial": row.trial_id, "score": row.score, "seconds": row.seconds, "failed": row.reason}
            writer.writerow({**row.values, **row.measures, **ends})
