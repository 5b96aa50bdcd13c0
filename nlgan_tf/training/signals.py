"""SIGTERM and SIGINT: finish the step, save, leave; a second one leaves at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(KeyboardInterrupt):
    """The process was asked to stop, and all that can be saved is saved.

    Attributes:
        signum: Number of the signal.
        exit_code: 128 + signum: 143 for SIGTERM, 130 for SIGINT.
        advice: Command that goes on.
    """

    def __init__(self, signum: int, advice: str = "") -> None:
        super().__init__(signum, advice)
        self.signum, self.advice = signum, advice
        self.exit_code = 128 + signum

    def __str__(self) -> str:
        stopped = f"stopped by {signal.Signals(self.signum).name}"
        return f"{stopped}; {self.advice}" if self.advice else stopped


@contextlib.contextmanager
def advised(advice: str) -> Iterator[None]:
    """A `Stopped` that leaves the block has this advice."""
    try:
        yield
    except Stopped as stopped:
        stopped.advice = advice
        raise


class StopSignals:
    """Within `with StopSignals() as signals:` a first SIGTERM or SIGINT raises `Stopped`; a second one kills.

    Within `with signals.deferred():` the first only sets `signals.signum`; `signals.check()` raises. In another
    thread than the main one, where Python takes no signals, all stays as it is.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._deferring = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            self._previous = {signum: signal.signal(signum, self._receive) for signum in SIGNALS}
        return self

    def __exit__(self, *_) -> None:
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Signals wait for `check` here, which the end of a block calls; after an inner block they wait on."""
        outer, self._deferring = self._deferring, True
        try:
            yield
        finally:
            self._deferring = outer
        self.check()

    def check(self) -> None:
        """Raises `Stopped` if a signal has come."""
        if self.signum is not None:
            raise Stopped(self.signum)

    def _receive(self, signum: int, _) -> None:
        self.signum = signum
        for other in SIGNALS:
            signal.signal(other, signal.SIG_DFL)
        if not self._deferring:
            self.check()
        # Not by print, which may be in the middle of a line of its own.
        os.write(2, b"\nFinishing the step and saving; once more to leave at once.\n")
