"""The life of a run in its folder: start, resume, and phases that are each done once, whatever interrupts them."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import json
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from nlgan_tf.compat.gradients import freed_graphs
from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import AUTO
from nlgan_tf.data.noise import ESTIMATE
from nlgan_tf.errors import InputError
from nlgan_tf.files import digest, empty, locked, whole_file, write_text
from nlgan_tf.models import describe_size
from nlgan_tf.pipeline import folder as run_folder
from nlgan_tf.pipeline.config import DEVICES, RunConfig
from nlgan_tf.pipeline.failures import check_space, python_errors
from nlgan_tf.pipeline.folder import CHECKPOINTS, TENSORBOARD
from nlgan_tf.pipeline.prepare import (
    describe_choices,
    describe_priors,
    describe_task,
    prepare_task,
    training_priors,
)
from nlgan_tf.pipeline.run_log import RunLog
from nlgan_tf.training.distribution import Processes
from nlgan_tf.training.precision import choose_precision, computing_in
from nlgan_tf.training.signals import StopSignals, advised
from nlgan_tf.training.survival import Survival
from nlgan_tf.two_stages.cross_fitting import CrossFit, describe_folds
from nlgan_tf.two_stages.head import describe_features, frozen_features


@dataclass(frozen=True)
class RunResult:
    """A finished run: its folder, and its metrics as metrics.json holds them (empty on machines but the chief)."""

    run_dir: Path
    metrics: dict

    def __repr__(self) -> str:
        """Short: the folder and the accuracies, without the settings."""
        shown = {name: value for name, value in self.metrics.items() if name.startswith("accuracy_")}
        parts = [f"run_dir={str(self.run_dir)!r}", *(f"{name}={value:.3f}" for name, value in shown.items())]
        return f"RunResult({', '.join(parts)})"


class RunInFolder(abc.ABC):
    """One run: what is done before its phases, around them and after them. `PhasedRun` has the phases.

    Args:
        config: Settings of the run.
        run_dir: Folder of the run, absolute.
        strategy: Strategy of stage one.
        verbose: Verbosity: 0 prints nothing, 1 a line a phase and an epoch.

    Raises:
        InputError: For several machines on TF 2.15.
    """

    def __init__(self, config: RunConfig, run_dir: Path, strategy: tf.distribute.Strategy, verbose: int) -> None:
        self.config, self.run_dir, self.strategy, self.verbose = config, run_dir, strategy, verbose
        self.processes = Processes(strategy)
        if self.processes.several and LEGACY:
            raise InputError("Expected TF 2.21 or later on several machines, got 2.15, whose chief cannot save alone")
        self.precision = choose_precision(config.precision)
        self.log = RunLog()

    def start(self) -> RunResult:
        """Runs in a folder that is claimed, and replaces what the folder holds."""
        return self._guarded(self._begin)

    def resume(self) -> RunResult:
        """Goes on with what the folder holds."""
        return self._guarded(self._continue)

    @abc.abstractmethod
    def _phases(self) -> dict:
        """Does all phases in their order, on the chief's machine, and returns the metrics."""

    @abc.abstractmethod
    def _help(self) -> None:
        """Does another machine's part of the phases."""

    def _guarded(self, prepare: Callable[[], None]) -> RunResult:
        """The whole run, with the folder locked, signals deferred and TensorFlow's errors as Python's."""
        lock = locked(self.run_dir) if self.processes.chief else contextlib.nullcontext()
        advice = advised(f"continue by: nlgan-tf run --resume {shlex.quote(str(self.run_dir))}")
        errors = python_errors(self.run_dir, self.processes)
        try:
            with advice, lock, errors, StopSignals() as self.signals, computing_in(self.precision.name):
                with freed_graphs():
                    prepare()
                return RunResult(self.run_dir, self._finish())
        except BaseException as error:
            # The log's last line says how the run ended, unless a full disk is the reason.
            with contextlib.suppress(OSError):
                self.log.add(f"{type(error).__name__}: {error}")
            raise

    def _begin(self) -> None:
        """Checks all that can be checked before anything is written, and before an old run is replaced."""
        self._prepare()
        check_space(self.run_dir, self.fit.models, self.config)
        empty(self.run_dir)
        # Without its folder, so that the file runs again as it is.
        portable = dataclasses.replace(self.config, run_dir=None, overwrite=False)
        write_text(self.run_dir / run_folder.CONFIG, portable.to_json())
        self.log.write_to(self.run_dir / run_folder.LOG)

    def _continue(self) -> None:
        if self.processes.chief:
            self.log.write_to(self.run_dir / run_folder.LOG)
        self._prepare()

    def _prepare(self) -> None:
        """Reads the data, says what is about to happen, and builds the models."""
        start = time.perf_counter()
        self.say(f"Reading {self.config.task}")
        self.task = prepare_task(self.config)
        self.data_seconds = time.perf_counter() - start
        replicas = self.strategy.num_replicas_in_sync
        for remark in self.task.remarks:
            self.say(remark)
        self.say(describe_task(self.task) + (f"; {replicas} replicas" if replicas > 1 else ""))
        self.say(describe_priors(self.config, self.task))
        if self.precision.name != "float32" or self.config.precision == AUTO:
            self.say(f"Precision: {self.precision.name}, {self.precision.reason}; weights and exports are float32")
        priors = training_priors(self.config)
        self.estimates = priors == ESTIMATE
        if self.estimates and self.processes.several:
            raise InputError("Expected pi_p and pi_n on several machines, got none: `nlgan-tf priors` estimates them")
        images, noisy_labels, config = self.task.images, self.task.noisy_labels, self.config
        self.features = frozen_features(config.features, config.stage_two, self.task.image_shape)
        weights = self.features.weights if self.features else ()
        self.owner = digest(json.dumps(config.settings(without=DEVICES)).encode(), images, noisy_labels, *weights)
        with self.strategy.scope():
            self.fit = CrossFit.build(images, noisy_labels, priors, config.stage_one, config.seed)
        shape = self.task.image_shape
        for line in (
            describe_choices(config, shape),
            describe_features(self.features),
            describe_folds(self.fit),
            describe_size(shape, config.stage_one),
        ):
            if line:
                self.say(line)

    def _finish(self) -> dict:
        self.state = self.processes.chief_first(lambda: run_folder.RunState(self.run_dir, self.owner))
        self.survival = Survival(
            self.run_dir / CHECKPOINTS,
            self.owner,
            self.signals,
            self.processes,
            self.config.keep_checkpoints,
            self.config.checkpoint_seconds,
            self.config.on_non_finite,
            self.say,
            self.run_dir / TENSORBOARD if self.config.tensorboard else None,
            self.log.add,
        )
        metrics = {}
        if self.processes.chief:
            metrics = self._phases()
        else:
            self._help()
        # The chief's run fails when another process leaves before it.
        self.processes.wait()
        return metrics

    def _phase(
        self, name: str, message: str, work: Callable[[], object], *outputs: str, decorations: tuple[str, ...] = ()
    ):
        """Does a phase, unless it is done, and returns its result; decorations are files that may be missing."""
        if not self.state.has(name):
            self.say(message)
            # Deferred: an exception that a signal raises within TensorFlow's code may be lost there.
            with self.signals.deferred(), freed_graphs():
                start = time.perf_counter()
                result = work()
                made = (file for file in decorations if (self.run_dir / file).exists())
                self.state.record(name, time.perf_counter() - start, (*outputs, *made), result)
        return self.state.done[name]["result"]

    def _save(self, model: keras.Model, name: str) -> None:
        path = self.run_dir / name
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as temporary:
            model.save(temporary)

    def say(self, message: str) -> None:
        """Prints a line, unless the run is quiet, and adds the line to run.log."""
        self.log.add(message)
        if self.verbose:
            print(message, flush=True)
