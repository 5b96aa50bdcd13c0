"""How the trainings of a run survive, and where they tell of themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nlgan_tf.training.checkpoints import Checkpoints, NoCheckpoints
from nlgan_tf.training.distribution import Processes
from nlgan_tf.training.signals import StopSignals
from nlgan_tf.training.tensorboard import EventFiles, Shown


@dataclass(frozen=True)
class Survival:
    """How the trainings of a run survive.

    Attributes:
        folder: Folder of all checkpoints of the run; None saves none, and then a loss that is not finite stops.
        owner: Digest of configuration and data (see `Checkpoints`).
        signals: Signals to stop, looked at after each step.
        processes: Processes that train together.
        keep: Number of checkpoints kept of each training, at least 2.
        every: Seconds between checkpoints, which are taken at epoch ends; 0: at each.
        on_non_finite: Answer to a loss that is not finite. "lower": the last checkpoint is restored and all learning
            rates are halved, up to five times. "stop": `NonFiniteError`.
        say: Function that is called with a line about each event.
        tensorboard: Folder of TensorBoard's event files, a folder in it for each training; None writes none.
        log: Function that is called with the line of each epoch, printed or not.
    """

    folder: Path | None = None
    owner: str = ""
    signals: StopSignals = field(default_factory=StopSignals)
    processes: Processes = field(default_factory=Processes)
    keep: int = 2
    every: float = 60.0
    on_non_finite: str = "lower"
    say: Callable[[str], None] = print
    tensorboard: Path | None = None
    log: Callable[[str], None] | None = None

    def checkpoints(self, name: str) -> Checkpoints | NoCheckpoints:
        """The checkpoints of one training."""
        if self.folder is None:
            return NoCheckpoints()
        return Checkpoints(self.folder / name, f"{name} of {self.owner}", self.keep, self.say)

    def event_files(self, name: str, epochs: int, show: Callable[[], Shown]) -> list[EventFiles]:
        """The callbacks that write TensorBoard's files of one training: one or none."""
        if self.tensorboard is None or not self.processes.chief:
            return []
        return [EventFiles(self.tensorboard / name, epochs, Shown if self.processes.several else show)]
