"""`fit` that a killed process, a full disk or a diverged loss does not undo."""

from __future__ import annotations

import csv
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from nlgan_tf.compat.keras import keras, pass_over_epochs
from nlgan_tf.errors import TrainingFailed
from nlgan_tf.files import whole_file
from nlgan_tf.training.checkpoints import Checkpoints
from nlgan_tf.training.progress import EpochLines
from nlgan_tf.training.signals import Stopped
from nlgan_tf.training.survival import Survival
from nlgan_tf.training.tensorboard import EventFiles, Shown

LOWERING = 0.5
MOST_LOWERINGS = 5


class NonFiniteError(TrainingFailed):
    """A loss or a weight became NaN or infinite, and training stopped."""


def fit(
    model: keras.Model,
    dataset: Callable[[], tf.data.Dataset],
    epochs: int,
    survival: Survival,
    name: str,
    watch: keras.callbacks.Callback | None = None,
    history: Path | None = None,
    verbose: int | str = 0,
    show: Callable[[], Shown] = Shown,
) -> list[dict]:
    """Trains the model from its last checkpoint, or from the start, to the end of the last epoch.

    On one device a training that was cut off anywhere and continued gives what an undisturbed one gives, bit for bit.

    Args:
        model: Model, compiled and built; what the model draws at random is a function of its weights.
        dataset: Function that makes the finite data set of an epoch, each time in its first epoch's order.
        epochs: Number of epochs in all.
        survival: Survival of the run's trainings.
        name: Name of this training's checkpoints.
        watch: Callback with a JSON-able `state` and a function `report`, which is set here.
        history: CSV file, a row an epoch; the last column has the events of the epoch.
        verbose: Verbosity: 0 prints nothing, 1 a short line an epoch.
        show: Pictures and histograms for TensorBoard, of the model as it is.

    Returns:
        The record of the epochs: logs and events, a row an epoch.

    Raises:
        Stopped: On SIGTERM or SIGINT, after the step is finished and saved.
        NonFiniteError: If training diverged and is not to go on.
        InputError: For checkpoints that are damaged or another run's.
    """
    progress = _Progress(model, epochs, survival, survival.checkpoints(name), watch, history)
    progress.restore()
    while True:
        event_files = survival.event_files(name, epochs, show)
        try:
            with survival.signals.deferred():
                _fit_rest(model, dataset, epochs, progress, event_files, verbose)
            return progress.state["rows"]
        except _DivergedError as error:
            progress.recover(str(error))
        finally:
            for files in event_files:
                files.close()


def _fit_rest(
    model: keras.Model,
    dataset: Callable[[], tf.data.Dataset],
    epochs: int,
    progress: _Progress,
    event_files: list[EventFiles],
    verbose: int | str,
) -> None:
    def from_epoch(epoch: int) -> tf.data.Dataset:
        """A new data set in the order of this epoch: each `fit` of Keras 2.15 would shift that of a used one."""
        rest = dataset()
        pass_over_epochs(rest, epoch)
        return rest

    epoch, step = progress.state["epoch"], progress.state["step"]
    if epoch == epochs:
        return
    inputs = from_epoch(epoch)
    callbacks = progress.callbacks(event_files)
    if verbose or progress.survival.log:
        steps = int(inputs.cardinality())
        callbacks.insert(0, EpochLines(epochs, steps, quiet=not verbose, log=progress.survival.log))
    settings = {"callbacks": callbacks, "shuffle": False, "verbose": 0}
    if step:
        model.fit(inputs.skip(step), initial_epoch=epoch, epochs=epoch + 1, **settings)
        epoch += 1
        if epoch == epochs:
            return
        inputs = from_epoch(epoch)
    model.fit(inputs, initial_epoch=epoch, epochs=epochs, **settings)


class _DivergedError(ArithmeticError):
    pass


class _Progress(keras.callbacks.Callback):
    """Where a training stands: the next epoch and step, the record of epochs, and what is yet to be recorded."""

    def __init__(
        self,
        model: keras.Model,
        epochs: int,
        survival: Survival,
        checkpoints: Checkpoints,
        watch: keras.callbacks.Callback | None,
        history: Path | None,
    ) -> None:
        super().__init__()
        self.trained, self.epochs, self.survival, self.checkpoints = model, epochs, survival, checkpoints
        self.watch, self.history = watch, history
        self.rates = [float(optimizer.learning_rate.numpy()) for optimizer in _optimizers(model)]
        self.state = {"epoch": 0, "step": 0, "metrics": [], "rows": [], "events": [], "lowerings": 0, "watch": {}}
        self.saved_at = time.monotonic()
        if watch is not None:
            watch.report = self.report

    def callbacks(self, event_files: list[EventFiles]) -> list[keras.callbacks.Callback]:
        # An epoch is in the event files before it is in a checkpoint.
        return [*([] if self.watch is None else [self.watch]), *event_files, self]

    def restore(self) -> None:
        """The last checkpoint, or else a first one of the model as it is."""
        state = self.checkpoints.restore(self.trained)
        if state is not None:
            self.state = state
            if self.watch is not None:
                self.watch.state = state["watch"]
        self.survival.processes.check_same(1_000_000 * self.state["epoch"] + self.state["step"])
        if state is None:
            self.save()
        self.write_history()

    def recover(self, event: str) -> None:
        """After a divergence: back to the last checkpoint with lower learning rates, or `NonFiniteError`."""
        lowerings = self.state["lowerings"] + 1
        if self.survival.folder is None or self.survival.on_non_finite == "stop" or lowerings > MOST_LOWERINGS:
            self.report(f"{event}: stopped")
            self.state["rows"].append({"epoch": self.state["epoch"], "event": "; ".join(self.state["events"])})
            self.write_history()
            raise NonFiniteError(f"{event}: stopped; lower learning rates may help")
        self.restore()
        self.state["lowerings"] = lowerings
        factor = LOWERING**lowerings
        for optimizer, rate in zip(_optimizers(self.trained), self.rates, strict=True):
            optimizer.learning_rate = rate * factor
        self.report(f"{event}: back to epoch {self.state['epoch'] + 1}, learning rates x {factor:g}")
        self.save()

    def report(self, event: str) -> None:
        """An event, for the console and for the epoch's row."""
        self.state["events"].append(event)
        if self.survival.processes.chief:
            self.survival.say(event)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.offset = self.state["step"]
        # Keras has just reset the metrics: an epoch that is continued keeps what it had.
        self.metrics_before = self.state["metrics"]
        variables = _metric_variables(self.trained)
        # A checkpoint of an earlier version lacks the metrics that have been added since, at the end.
        if len(self.metrics_before) <= len(variables):
            for variable, value in zip(variables, self.metrics_before, strict=False):
                variable.assign(value)
            self.metrics_before = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.state["step"] = self.offset + batch + 1
        self._add_metrics_of_before()
        bad = [name for name, value in logs.items() if not math.isfinite(value)]
        if bad:
            raise _DivergedError(f"{', '.join(bad)} not finite in epoch {self.state['epoch'] + 1}, step {batch + 1}")
        # After the last step the epoch's end asks: a rest of no steps could not be continued.
        if batch + 1 != self.params["steps"] and self.asked_to_stop():
            self.state["metrics"] = [variable.numpy().item() for variable in _metric_variables(self.trained)]
            self.save()
            self.stop()

    def _add_metrics_of_before(self) -> None:
        """After a continued epoch's first step, by which Keras has built compiled metrics: what they had is added."""
        before, self.metrics_before = self.metrics_before, []
        if not before:
            return
        variables = _metric_variables(self.trained)
        if len(variables) != len(before):
            self.report(f"The metrics of epoch {self.state['epoch'] + 1} begin anew at step {self.offset + 1}")
            return
        for variable, value in zip(variables, before, strict=True):
            variable.assign(variable + value)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.check_weights()
        self.state["rows"].append({"epoch": epoch, **logs, "event": "; ".join(self.state["events"])})
        self.state.update(epoch=epoch + 1, step=0, metrics=[], events=[])
        stop = self.asked_to_stop()
        if stop or epoch + 1 == self.epochs or time.monotonic() - self.saved_at >= self.survival.every:
            self.save()
        self.write_history()
        if stop:
            self.stop()

    def asked_to_stop(self) -> bool:
        """Whether any of the processes has a signal."""
        return self.survival.processes.any(self.survival.signals.signum is not None)

    def stop(self) -> None:
        """All of them stop; those that have no signal themselves as by SIGTERM."""
        raise Stopped(self.survival.signals.signum or signal.SIGTERM)

    def check_weights(self) -> None:
        """A gradient that is not finite leaves such weights behind, and they must not be saved."""
        for part in self.trained.layers:
            if not all(np.isfinite(variable.numpy()).all() for variable in part.trainable_variables):
                raise _DivergedError(f"weights of {part.name} not finite in epoch {self.state['epoch'] + 1}")

    def save(self) -> None:
        if self.watch is not None:
            self.state["watch"] = self.watch.state
        if self.survival.processes.chief:
            self.checkpoints.save(self.trained, self.state)
        self.saved_at = time.monotonic()

    def write_history(self) -> None:
        rows = self.state["rows"]
        if self.history is None or not rows or not self.survival.processes.chief:
            return
        names = sorted({name for row in rows for name in row} - {"epoch", "event"})
        with whole_file(self.history) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["epoch", *names, "event"])
            writer.writeheader()
            writer.writerows(rows)


def _optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """Every optimizer among a model's attributes, also in a list, a tuple or a dictionary of them."""
    found: list[keras.optimizers.Optimizer] = []
    for part in vars(model).values():
        parts = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else [part]
        found += [one for one in parts if isinstance(one, keras.optimizers.Optimizer) and one not in found]
    return found


def _metric_variables(model: keras.Model) -> list:
    return [variable for metric in model.metrics for variable in metric.variables]
