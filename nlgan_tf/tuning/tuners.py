"""keras-tuner's tuners, with a voice and a deadline; and which of several processes this one is."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras_tuner

from nlgan_tf.errors import InputError
from nlgan_tf.tuning.hypermodel import NLGANHyperModel
from nlgan_tf.tuning.trials import TrialRow, values_of

TUNERS = {
    "random": keras_tuner.RandomSearch,
    "bayesian": keras_tuner.BayesianOptimization,
    "hyperband": keras_tuner.Hyperband,
    "grid": keras_tuner.GridSearch,
}
FAILURES_IN_A_ROW = 3
UNLIMITED = 10**6
# keras-tuner's own: the chief's address and port, and who this process is ("chief..." or a worker's name).
ADDRESS, PORT, NAME = "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID"


def role() -> tuple[bool, bool]:
    """Whether this process is the chief of a parallel search, and whether it is a worker."""
    given = [name for name in (ADDRESS, PORT, NAME) if name in os.environ]
    if ADDRESS not in given:
        return False, False
    if len(given) < 3:
        raise InputError(f"{' and '.join(given)} alone: accepted are all of {ADDRESS}, {PORT} and {NAME}, or none")
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
    """A tuner that tells of each trial; what its folder holds already is reloaded.

    Args:
        name: in `TUNERS`.
        hypermodel: what it tunes; its seed is the search's too.
        folder: of the project.
        trials: most trials; None for no limit, and for Hyperband's own number.
        max_epochs: of Hyperband's longest trials.
        say: told.
        distributed: whether other processes take part.
    """
    budget = {"max_epochs": max_epochs} if name == "hyperband" else {"max_trials": trials or UNLIMITED}
    tuner = _telling(TUNERS[name], say, trials)(
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


def _telling(tuner_class: type, say: Callable[[str], None], trials: int | None) -> type:
    """The tuner, which tells of each trial."""

    class Telling(tuner_class):
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

    return Telling


def _described(values: dict) -> str:
    """ "alpha 3.2, beta 0.41" and so on."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
    )


@contextlib.contextmanager
def deadline(tuner: keras_tuner.Tuner, minutes: float | None) -> Iterator[None]:
    """After so many minutes no new trial starts; one that is under way is finished."""

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
