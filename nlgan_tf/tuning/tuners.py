"""keras-tuner's tuners, with reports of each trial and a deadline; and the role of this process among several."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nlgan_tf.compat.tuner import keras_tuner
from nlgan_tf.errors import InputError
from nlgan_tf.tuning.config import TUNERS
from nlgan_tf.tuning.hypermodel import NLGANHyperModel
from nlgan_tf.tuning.trials import TrialRow, values_of

FAILURES_IN_A_ROW = 3
UNLIMITED = 10**6
# keras-tuner's own: the chief's address and port, and who this process is ("chief..." or a worker's name).
ADDRESS, PORT, NAME = "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID"


def role() -> tuple[bool, bool]:
    """Returns whether this process is the chief of a parallel search, and whether it is a worker."""
    given = [name for name in (ADDRESS, PORT, NAME) if name in os.environ]
    if ADDRESS not in given:
        return False, False
    if len(given) < 3:
        raise InputError(f"Expected all of {ADDRESS}, {PORT} and {NAME}, or none; got {' and '.join(given)} alone")
    chief = "chief" in os.environ[NAME]
    return chief, not chief


def make_tuner(
    name: str,
    hypermodel: NLGANHyperModel,
    folder: Path,
    trials: int | None,
    max_epochs: int,
    say: Callable[[str], None],
    distributed: bool,
) -> keras_tuner.Tuner:
    """Returns a tuner that reports each trial; the state of an earlier search in its folder is reloaded.

    Args:
        name: Name in `config.TUNERS`.
        hypermodel: Hypermodel to tune; its seed is the search's too.
        folder: Folder of the project.
        trials: Most trials; None for no limit, and for Hyperband's own number.
        max_epochs: Epochs of Hyperband's longest trials.
        say: Function that is called with each line of the report.
        distributed: Whether other processes take part.
    """
    budget = {"max_epochs": max_epochs} if name == "hyperband" else {"max_trials": trials or UNLIMITED}
    tuner = _reporting(getattr(keras_tuner, TUNERS[name]), say, trials)(
        hypermodel,
        objective=hypermodel.objective,
        # keras-tuner takes 0 for none.
        seed=hypermodel.seed + 1,
        directory=folder.parent,
        project_name=folder.name,
        # Over several processes its error would leave the chief locked.
        max_consecutive_failed_trials=UNLIMITED if distributed else FAILURES_IN_A_ROW,
        **budget,
    )
    if trials is not None:
        tuner.oracle.max_trials = trials
    return tuner


def _reporting(tuner_class: type, say: Callable[[str], None], trials: int | None) -> type:
    """Returns a subclass of the tuner that reports each trial."""

    class Reporting(tuner_class):
        def on_trial_begin(self, trial) -> None:
            self.began = time.monotonic()
            number = int(trial.trial_id) + 1
            count = str(number) if trials is None else f"{number} of {trials}"
            say(f"Trial {count}: {_described(values_of(trial))}")
            super().on_trial_begin(trial)

        def on_trial_end(self, trial) -> None:
            # Ended first: keras-tuner scores it, and finds out whether it is a number.
            super().on_trial_end(trial)
            row = TrialRow.of(self.oracle.get_trial(trial.trial_id))
            seconds = time.monotonic() - self.began
            if row.reason is not None:
                say(f"  failed after {seconds:.0f} s: {row.reason}")
                return
            best = self.oracle.get_best_trials(1)[0]
            found = f"{row.score:.3f} in {seconds:.0f} s; best so far {best.score:.3f}, trial {int(best.trial_id) + 1}"
            say(f"  {self.oracle.objective.name} {found}")

    return Reporting


def _described(values: dict) -> str:
    """Returns values as text, such as "alpha 3.2, beta 0.41"."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
    )


@contextlib.contextmanager
def deadline(tuner: keras_tuner.Tuner, minutes: float | None) -> Iterator[None]:
    """Starts no new trial after so many minutes (None: no limit); a trial under way is finished."""

    def close() -> None:
        tuner.oracle.max_trials = max(1, len(tuner.oracle.trials))

    timer = threading.Timer(60 * (minutes or 0), close)
    timer.daemon = True
    if minutes is not None:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
