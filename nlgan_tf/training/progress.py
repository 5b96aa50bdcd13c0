"""The progress of a training on the console: one short line an epoch."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from nlgan_tf.compat.keras import keras

# What is shown of the logs, at most three of them.
FIGURES = ("loss", "gap_p", "gap_n", "accuracy")
REFRESH_SECONDS = 0.2


class EpochLines(keras.callbacks.Callback):
    """Prints the epoch, the time left and up to three figures.

    A terminal shows the line of the running epoch as it goes on; a pipe or a notebook gets one line an epoch, without
    control codes.

    Args:
        epochs: Epochs in all.
        steps: Steps of a whole epoch.
        stream: Stream to print to; standard output by default.
        quiet: Whether nothing is printed.
        log: Function that is called with the line of each epoch, printed or not.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        stream: TextIO | None = None,
        quiet: bool = False,
        log: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self.epochs, self.steps = epochs, steps
        self.stream = stream or sys.stdout
        self.quiet, self.log = quiet, log
        self._live = self.stream.isatty() and not quiet
        self._epoch, self._done, self._began, self._shown_at, self._width = 0, 0, time.monotonic(), 0.0, 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._done += 1
        now = time.monotonic()
        if self._live and now - self._shown_at >= REFRESH_SECONDS:
            self._shown_at = now
            self._show(batch + 1, logs, end="")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self.log is not None:
            self.log(self._line(self.steps, logs))
        if not self.quiet:
            self._show(self.steps, logs, end="\n")

    def _line(self, step: int, logs: dict | None) -> str:
        left = (self.epochs - self._epoch) * self.steps - step
        parts = [f"Epoch {self._epoch + 1}/{self.epochs}", f"{self._time(left)} left"]
        shown = [name for name in FIGURES if name in (logs or {})][:3]
        parts += [f"{name} {float(logs[name]):.3f}" for name in shown]
        return "  ".join(parts)

    def _show(self, step: int, logs: dict | None, end: str) -> None:
        line = self._line(step, logs)
        if self._live:
            # The rest of a longer line before is overwritten; the last column stays free, or the terminal would wrap.
            line = line[: shutil.get_terminal_size().columns - 1]
            padding = " " * max(0, self._width - len(line))
            self._width = 0 if end else len(line)
            line = f"\r{line}{padding}"
        print(line, end=end, file=self.stream, flush=True)

    def _time(self, steps: int) -> str:
        """Time that so many steps take at the pace so far, as m:ss or h:mm:ss."""
        pace = (time.monotonic() - self._began) / max(self._done, 1)
        minutes, seconds = divmod(math.ceil(steps * pace), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
