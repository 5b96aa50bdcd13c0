"""A whole search: keras-tuner's, with a budget, progress, failures by their reason, and what it found as files."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import keras_tuner

from nlgan_tf.data.noise import ESTIMATE, NoisePriors
from nlgan_tf.data.sources import load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError, TrainingFailed
from nlgan_tf.figures.save import save
from nlgan_tf.files import digest, locked, write_text
from nlgan_tf.models import build_nlgan
from nlgan_tf.noise_rates.callback import EstimatePriors, describe
from nlgan_tf.noise_rates.estimate import DEFAULT_PRIORS
from nlgan_tf.pipeline import folder as run_folder
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.prepare import prepare_task, training_priors
from nlgan_tf.training.signals import StopSignals, advised
from nlgan_tf.tuning import project as folder
from nlgan_tf.tuning.hypermodel import NLGANHyperModel
from nlgan_tf.tuning.objectives import DEFAULT_OBJECTIVE
from nlgan_tf.tuning.plane import alpha_beta_plane
from nlgan_tf.tuning.space import DEFAULT
from nlgan_tf.tuning.trials import ENDED, TrialRow, reason, write_trials
from nlgan_tf.tuning.tuners import FAILURES_IN_A_ROW, TUNERS, deadline, make_tuner, role

TRIALS = 12
WAIT_FOR_CHIEF = 600.0


class SearchFailed(TrainingFailed):
    """No trial of a search was completed, or several in a row failed."""


@dataclass(frozen=True)
class SearchConfig:
    """What is searched, by what and for how long; InputError for values that are not accepted.

    Attributes:
        run: the run whose stage one is tuned.
        project: folder; "tuning/TASK" by default.
        tuner: a name in `TUNERS`.
        objective: a name in `objectives.OBJECTIVES`.
        tune: as `SearchSpace` takes it.
        trials: most trials; 12 by default where `minutes` is not given either and the tuner is not Hyperband.
        minutes: after which no further trial starts.
        trial_epochs: of stage one in a trial; half of the run's by default. Hyperband has its own up to the run's.
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
    trial_epochs: int | None = None
    validation_split: float = 0.2
    clean: str | None = None
    grid_points: int = 4
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.tuner not in TUNERS:
            raise InputError(f"tuner={self.tuner!r} is unknown: accepted are {', '.join(TUNERS)}")
        for name in ("trials", "minutes", "trial_epochs"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name}={value} is out of range: accepted are values above 0")

    @property
    def folder(self) -> Path:
        """The project folder, absolute."""
        return Path(self.project or Path("tuning") / run_folder.slug(self.run.task)).expanduser().absolute()

    @property
    def epochs(self) -> int:
        """Of stage one in a trial."""
        return self.trial_epochs or math.ceil(self.run.stage_one.epochs / 2)

    @property
    def most_trials(self) -> int | None:
        """The budget in trials; None for no limit."""
        return TRIALS if self.trials is None and self.minutes is None and self.tuner != "hyperband" else self.trials


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
        InputError: for input that is not accepted.
        SearchFailed: if no trial was completed, or three in a row failed.
        Stopped: on SIGTERM or SIGINT; the same call continues with the trial that was cut off.
    """
    chief, worker = role()
    if (chief or worker) and config.overwrite:
        raise InputError("overwrite in a search of several processes: accepted is a new folder")
    say = say if verbose else lambda message: None
    task = prepare_task(config.run)
    hypermodel = _hypermodel(config, task, say)
    if worker:
        folder.wait_for_chief(config.folder, WAIT_FOR_CHIEF)
    folder.claim(config.folder, _settings(config, hypermodel), config.overwrite)
    lock = contextlib.nullcontext() if worker else locked(config.folder)
    advice = advised("the same command continues the search, with the trial that was cut off")
    with lock, folder.amended_keras_tuner(), advice, StopSignals():
        trials, epochs = config.most_trials, config.run.stage_one.epochs
        if not worker:
            folder.settle(config.folder)
        tuner = make_tuner(config.tuner, hypermodel, config.folder, trials, epochs, say, distributed=chief or worker)
        # keras-tuner reloads nothing where this state is missing, and writes it when a trial ends.
        tuner.save()
        with deadline(tuner, None if worker else config.minutes):
            # The chief's progress is keras-tuner's own; its workers tell of their trials.
            _search(tuner, config.epochs, verbose=1 if chief and verbose else 0)
    return SearchResult(config.folder, []) if worker else _finish(config, hypermodel, tuner)


def _hypermodel(config: SearchConfig, task: ImageTask, say: Callable[[str], None]) -> NLGANHyperModel:
    run, clean = config.run, None
    if config.clean is not None:
        checked = load_task(f"npz:{config.clean}")
        if checked.labels is None:
            raise InputError(f"{config.clean} holds no labels: accepted are images with their true labels")
        clean = checked.images, checked.labels
    # Made before anything slow, since it checks everything.
    hypermodel = NLGANHyperModel(
        task,
        task.noisy_labels,
        # To be estimated they are set anew below.
        run.priors or DEFAULT_PRIORS,
        tune=config.tune,
        stage_one=run.stage_one,
        stage_two=run.stage_two,
        objective=config.objective,
        validation_split=config.validation_split,
        clean=clean,
        points=config.grid_points if config.tuner == "grid" else None,
        seed=run.seed,
    )
    if training_priors(run) == ESTIMATE:
        say("Estimating pi_p and pi_n from the outputs of D on held-out images")
        hypermodel.priors = _estimate(hypermodel, run, say)
    return hypermodel


def _estimate(hypermodel: NLGANHyperModel, run: RunConfig, say: Callable[[str], None]) -> NoisePriors:
    model = build_nlgan(hypermodel.task.image_shape, ESTIMATE, run.stage_one, run.seed)
    estimate = EstimatePriors(*hypermodel.training, seed=run.seed).run(model.discriminator)
    say(describe(estimate))
    return estimate.priors


def _settings(config: SearchConfig, hypermodel: NLGANHyperModel) -> dict:
    """What makes two searches the same: all but budget and places."""
    task, run = hypermodel.task, {}
    for name, value in config.run.settings().items():
        if isinstance(value, dict):
            run.update({f"{name}.{key}": setting for key, setting in value.items()})
        else:
            run[name] = value
    return {
        "tuner": config.tuner,
        "objective": config.objective,
        "tune": hypermodel.space.values,
        "validation_split": config.validation_split,
        "clean": config.clean,
        "trial_epochs": config.epochs,
        "grid_points": config.grid_points,
        **run,
        "data": digest(task.images, task.noisy_labels),
    }


def _search(tuner: keras_tuner.Tuner, epochs: int, verbose: int) -> None:
    try:
        tuner.search(epochs=epochs, verbose=verbose)
    except RuntimeError as error:
        if "consecutive failures" not in str(error):
            raise
        raise SearchFailed(f"{FAILURES_IN_A_ROW} trials in a row failed, the last one: {reason(str(error))}") from error


def _finish(config: SearchConfig, hypermodel: NLGANHyperModel, tuner: keras_tuner.Tuner) -> SearchResult:
    """What was found, as files."""
    ended = [trial for trial in tuner.oracle.trials.values() if trial.status in ENDED]
    rows = sorted(map(TrialRow.of, ended), key=lambda row: math.inf if row.score is None else -row.score)
    result = SearchResult(config.folder, rows)
    write_trials(config.folder / folder.TRIALS, rows)
    if len(result.failed) == len(rows):
        reasons = "; ".join(dict.fromkeys(row.reason for row in rows))
        raise SearchFailed(f"none of {len(rows)} trials was completed: {reasons}")
    best = tuner.oracle.trials[rows[0].trial_id].hyperparameters
    run = dataclasses.replace(config.run, stage_one=hypermodel.space.stage_one(best), run_dir=None, overwrite=False)
    write_text(config.folder / folder.BEST, run.to_json())
    if {"alpha", "beta"} <= rows[0].values.keys():
        save(alpha_beta_plane(rows, config.objective), config.folder / folder.PLANE)
    return result
