"""A whole search by keras-tuner, with a budget, progress, reasons of failed trials, and its results as files."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nlgan_tf.compat.tuner import keras_tuner
from nlgan_tf.config import check_kind
from nlgan_tf.data.noise import ESTIMATE
from nlgan_tf.data.sources import load_task
from nlgan_tf.errors import InputError, TrainingFailed
from nlgan_tf.figures.save import save_if_possible
from nlgan_tf.files import digest, write_text
from nlgan_tf.noise_rates.callback import describe
from nlgan_tf.pipeline.prepare import prepare_task, training_priors
from nlgan_tf.training.signals import StopSignals, advised
from nlgan_tf.tuning import project as folder
from nlgan_tf.tuning.config import SearchConfig
from nlgan_tf.tuning.hypermodel import NLGANHyperModel
from nlgan_tf.tuning.plane import alpha_beta_plane
from nlgan_tf.tuning.trials import ENDED, TrialRow, reason, write_trials
from nlgan_tf.tuning.tuners import FAILURES_IN_A_ROW, deadline, make_tuner, role

WAIT_FOR_CHIEF = 600.0


class SearchFailed(TrainingFailed):
    """No trial of a search was completed, or several in a row failed."""


@dataclass(frozen=True)
class SearchResult:
    """A search that ended.

    Attributes:
        project: Folder of the search.
        trials: Trials that ended, best first; none on a worker.
    """

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
        config: Settings of the search.
        verbose: Whether to report each trial (1) or nothing (0).
        say: Function that is called with each line of progress.

    Raises:
        InputError: For input that is not accepted.
        BlockingIOError: If another process searches in the folder.
        SearchFailed: If no trial was completed, or three in a row failed.
        Stopped: On SIGTERM or SIGINT; the same call continues with the trial that was cut off.
    """
    check_kind(config, SearchConfig)
    chief, worker = role()
    if (chief or worker) and config.overwrite:
        raise InputError("Expected a new folder for a search of several processes, got overwrite")
    say = say if verbose else lambda message: None
    hypermodel = make_hypermodel(config)
    settings = _settings(config, hypermodel)
    lock = contextlib.nullcontext() if worker else folder.held(config.folder, settings, config.overwrite)
    advice = advised("the same command continues the search, with the trial that was cut off")
    with lock, folder.amended_keras_tuner(), advice, StopSignals():
        for remark in hypermodel.task.remarks:
            say(remark)
        if hypermodel.priors == ESTIMATE:
            say("Estimating pi_p and pi_n from the outputs of D on held-out images")
            say(describe(hypermodel.estimate_priors()))
        if worker:
            folder.wait_for_chief(config.folder, WAIT_FOR_CHIEF)
            folder.check(config.folder, settings)
        else:
            folder.begin(config.folder, settings, config.overwrite)
            folder.settle(config.folder)
        trials, epochs = config.most_trials, config.run.stage_one.epochs
        tuner = make_tuner(config.tuner, hypermodel, config.folder, trials, epochs, say, distributed=chief or worker)
        # keras-tuner reloads nothing where this state is missing, and writes it when a trial ends.
        tuner.save()
        with deadline(tuner, None if worker else config.minutes):
            # The chief's progress is keras-tuner's own; its workers report their trials.
            _search(tuner, config.epochs, verbose=1 if chief and verbose else 0)
        return SearchResult(config.folder, []) if worker else _finish(config, hypermodel, tuner)


def make_hypermodel(config: SearchConfig) -> NLGANHyperModel:
    """Reads the data of a search and checks all of its settings."""
    run, clean = config.run, None
    task = prepare_task(run)
    if config.clean is not None:
        checked = load_task(f"npz:{config.clean}")
        if checked.labels is None:
            raise InputError(f"Expected images with true labels in {config.clean}, got no labels")
        clean = checked.images, checked.labels
    return NLGANHyperModel(
        task,
        task.noisy_labels,
        training_priors(run),
        tune=config.tune,
        stage_one=run.stage_one,
        stage_two=run.stage_two,
        objective=config.objective,
        validation_split=config.validation_split,
        clean=clean,
        points=config.grid_points if config.tuner == "grid" else None,
        seed=run.seed,
    )


def _settings(config: SearchConfig, hypermodel: NLGANHyperModel) -> dict:
    """What two equal searches share: everything but budget and places."""
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
    """Writes the files of a search that ended, and returns its trials."""
    ended = [trial for trial in tuner.oracle.trials.values() if trial.status in ENDED]
    rows = sorted(map(TrialRow.of, ended), key=lambda row: math.inf if row.score is None else -row.score)
    result = SearchResult(config.folder, rows)
    write_trials(config.folder / folder.TRIALS, rows)
    if len(result.failed) == len(rows):
        reasons = "; ".join(dict.fromkeys(row.reason for row in rows))
        raise SearchFailed(f"none of {len(rows)} trials was completed: {reasons}")
    best = tuner.oracle.trials[rows[0].trial_id].hyperparameters
    run = dataclasses.replace(config.run, stage_one=hypermodel.space.stage_one(best), run_dir=None, overwrite=False)
    write_text(config.folder / folder.BEST, run.with_absolute_paths().to_json())
    if {"alpha", "beta"} <= rows[0].values.keys():
        save_if_possible(config.folder / folder.PLANE, alpha_beta_plane, rows, config.objective)
    return result
