"""A whole search: keras-tuner's, with a budget, progress, failures by their reason, and what it found as files."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keras_tuner

from nlgan_tf import run_folder
from nlgan_tf.config import RunConfig
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.sources import load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.files import write_text
from nlgan_tf.gan.prior_estimation import EstimatePriors, describe
from nlgan_tf.phased_run import PLACES
from nlgan_tf.preparation import prepare_task
from nlgan_tf.recipes import build_nlgan
from nlgan_tf.signals import StopSignals
from nlgan_tf.tuning import project as folder
from nlgan_tf.tuning.hypermodel import DEFAULT_OBJECTIVE, NLGANHyperModel
from nlgan_tf.tuning.plane import write_plane
from nlgan_tf.tuning.project import TrialRow
from nlgan_tf.tuning.space import DEFAULT

TUNERS = {
    "random": keras_tuner.RandomSearch,
    "bayesian": keras_tuner.BayesianOptimization,
    "hyperband": keras_tuner.Hyperband,
    "grid": keras_tuner.GridSearch,
}
TRIALS = 12
FAILURES_IN_A_ROW = 3
UNLIMITED = 10**6
WAIT_FOR_CHIEF = 600.0
# keras-tuner's own: the chief's address and port, and who this process is ("chief..." or a worker's name).
ADDRESS, PORT, NAME = "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID"


class SearchFailed(ArithmeticError):
    """No trial of a search was completed, or several in a row failed."""


@dataclass(frozen=True)
class SearchConfig:
    """What is searched, by what and for how long; ValueError for values that are not accepted.

    Attributes:
        run: the run whose stage one is tuned.
        project: folder; "tuning/TASK" by default.
        tuner: a name in `TUNERS`.
        objective: a name in `objectives.OBJECTIVES`.
        tune: as `SearchSpace` takes it.
        trials: most trials; 12 by default where `minutes` is not given either.
        minutes: after which no further trial starts.
        validation_split: share of the images that is held out.
        clean: `.npz` file of `images` with true `labels`, for "clean_accuracy".
        grid_points: values that a range is cut into for the tuner "grid".
        overwrite: delete the search that the folder holds.
    """

    run: RunConfig
    project: str | None = None
    tuner: str = "bayesian"
    objective: str = DEFAULT_OBJECTIVE
    tune: dict[str, tuple | None] = field(default_factory=lambda: dict.fromkeys(DEFAULT))
    trials: int | None = None
    minutes: float | None = None
    validation_split: float = 0.2
    clean: str | None = None
    grid_points: int = 4
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.tuner not in TUNERS:
            raise ValueError(f"tuner={self.tuner!r} is unknown: accepted are {', '.join(TUNERS)}")
        for name in ("trials", "minutes"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}={value} is out of range: accepted are values above 0")

    @property
    def folder(self) -> Path:
        """The project folder, absolute."""
        return Path(self.project or Path("tuning") / run_folder.slug(self.run.task)).expanduser().absolute()

    @property
    def most_trials(self) -> int:
        """The budget in trials."""
        return self.trials or (TRIALS if self.minutes is None else UNLIMITED)


@dataclass(frozen=True)
class SearchResult:
    """A search that ended: its folder and its trials, best first (none on a worker)."""

    project: Path
    trials: list[TrialRow]

    @property
    def failed(self) -> list[TrialRow]:
        """The trials that failed."""
        return [row for row in self.trials if row.score is None]


def tune(config: SearchConfig, verbose: int = 1, say: Callable[[str], None] = print) -> SearchResult:
    """Searches, or continues a search, and writes best.json, trials.csv and plane.png into the project folder.

    Where keras-tuner's environment variables name a chief, this process is the chief or a worker, as they say.

    Args:
        config: the search.
        verbose: 0 says nothing.
        say: told of each trial.

    Raises:
        ValueError: for input that is not accepted.
        SearchFailed: if no trial was completed, or three in a row failed.
        Stopped: on SIGTERM or SIGINT; the same call continues with the trial that was cut off.
    """
    chief, worker = _role()
    if (chief or worker) and config.overwrite:
        raise ValueError("overwrite in a search of several processes: accepted is a new folder")
    say = say if verbose else lambda message: None
    task = prepare_task(config.run)
    hypermodel = _hypermodel(config, task, say)
    if worker:
        folder.wait_for_chief(config.folder, WAIT_FOR_CHIEF)
    folder.claim(config.folder, _settings(config, hypermodel), config.overwrite)
    lock = contextlib.nullcontext() if worker else run_folder.locked(config.folder)
    with lock, folder.amended_keras_tuner(), StopSignals():
        tuner = _tuner(config, hypermodel, say, distributed=chief or worker)
        with _deadline(tuner, None if worker else config.minutes):
            _search(tuner, verbose=1 if chief and verbose else 0)
    return SearchResult(config.folder, []) if worker else _finish(config, hypermodel, tuner)


def _role() -> tuple[bool, bool]:
    """Whether this process is the chief of a parallel search, and whether it is a worker."""
    given = [name for name in (ADDRESS, PORT, NAME) if name in os.environ]
    if ADDRESS not in given:
        return False, False
    if len(given) < 3:
        raise ValueError(f"{' and '.join(given)} alone: accepted are all of {ADDRESS}, {PORT} and {NAME}, or none")
    chief = "chief" in os.environ[NAME]
    return chief, not chief


def _hypermodel(config: SearchConfig, task: ImageTask, say: Callable[[str], None]) -> NLGANHyperModel:
    run, clean = config.run, None
    if config.clean is not None:
        checked = load_task(f"npz:{config.clean}")
        if checked.labels is None:
            raise ValueError(f"{config.clean} holds no labels: accepted are images with their true labels")
        clean = checked.images, checked.labels
    priors = run.priors
    arguments = {
        "tune": config.tune,
        "stage_one": run.stage_one,
        "stage_two": run.stage_two,
        "objective": config.objective,
        "validation_split": config.validation_split,
        "clean": clean,
        "points": config.grid_points if config.tuner == "grid" else None,
        "seed": run.seed,
    }
    # Made before anything slow, since it checks everything.
    hypermodel = NLGANHyperModel(task, None, priors, **arguments)
    if run.estimate_priors:
        say("Estimating pi_p and pi_n from the outputs of D on held-out images")
        hypermodel.priors = _estimate(hypermodel, run, say)
    return hypermodel


def _estimate(hypermodel: NLGANHyperModel, run: RunConfig, say: Callable[[str], None]) -> NoisePriors:
    model = build_nlgan(hypermodel.task.image_shape, run.priors, run.stage_one, run.seed)
    estimate = EstimatePriors(*hypermodel.training, seed=run.seed).run(model.discriminator)
    say(describe(estimate))
    return estimate.priors


def _settings(config: SearchConfig, hypermodel: NLGANHyperModel) -> dict:
    """What makes two searches the same: all but budget and places."""
    task = hypermodel.task
    run = {name: value for name, value in dataclasses.asdict(config.run).items() if name not in PLACES}
    return {
        "tuner": config.tuner,
        "objective": config.objective,
        "tune": hypermodel.space.values,
        "validation_split": config.validation_split,
        "clean": config.clean,
        "grid_points": config.grid_points,
        **run,
        "data": run_folder.digest(task.images, task.noisy_labels),
    }


def _tuner(
    config: SearchConfig, hypermodel: NLGANHyperModel, say: Callable[[str], None], distributed: bool
) -> keras_tuner.Tuner:
    arguments = {} if config.tuner == "hyperband" else {"max_trials": config.most_trials}
    if config.tuner == "hyperband":
        arguments["max_epochs"] = config.run.stage_one.epochs
    tuner = _telling(TUNERS[config.tuner], say, config.most_trials)(
        hypermodel,
        objective=hypermodel.objective,
        # keras-tuner takes 0 for none.
        seed=config.run.seed + 1,
        directory=config.folder.parent,
        project_name=config.folder.name,
        # Over several processes its error would leave the chief locked.
        max_consecutive_failed_trials=UNLIMITED if distributed else FAILURES_IN_A_ROW,
        **arguments,
    )
    if config.trials is not None:
        tuner.oracle.max_trials = config.trials
    return tuner


def _telling(tuner_class: type, say: Callable[[str], None], trials: int) -> type:
    """The tuner, which tells of each trial."""

    class Telling(tuner_class):
        def on_trial_begin(self, trial) -> None:
            self.began = time.monotonic()
            number = int(trial.trial_id) + 1
            count = f"{number} of {trials}" if trials < UNLIMITED else str(number)
            say(f"Trial {count}: {_described(folder.values_of(trial))}")
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
def _deadline(tuner: keras_tuner.Tuner, minutes: float | None) -> Iterator[None]:
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


def _search(tuner: keras_tuner.Tuner, verbose: int) -> None:
    try:
        tuner.search(verbose=verbose)
    except RuntimeError as error:
        if "consecutive failures" not in str(error):
            raise
        raise SearchFailed(
            f"{FAILURES_IN_A_ROW} trials in a row failed, the last one: {folder.reason(str(error))}"
        ) from error


def _finish(config: SearchConfig, hypermodel: NLGANHyperModel, tuner: keras_tuner.Tuner) -> SearchResult:
    """What was found, as files."""
    ended = [trial for trial in tuner.oracle.trials.values() if trial.status in ("COMPLETED", "FAILED")]
    rows = sorted(map(TrialRow.of, ended), key=lambda row: math.inf if row.score is None else -row.score)
    result = SearchResult(config.folder, rows)
    folder.write_trials(config.folder / folder.TRIALS, rows)
    if len(result.failed) == len(rows):
        reasons = "; ".join(dict.fromkeys(row.reason for row in rows))
        raise SearchFailed(f"none of {len(rows)} trials was completed: {reasons}")
    best = tuner.oracle.trials[rows[0].trial_id].hyperparameters
    run = dataclasses.replace(config.run, stage_one=hypermodel.space.stage_one(best), run_dir=None, overwrite=False)
    write_text(config.folder / folder.BEST, run.to_json())
    if {"alpha", "beta"} <= rows[0].values.keys():
        write_plane(config.folder / folder.PLANE, rows, config.objective)
    return result
