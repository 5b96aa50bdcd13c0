"""A signal that comes at a step of one's choice."""

from __future__ import annotations

import signal

from nlgan_tf.training.signals import StopSignals


class StopAfter(StopSignals):
    """A signal that comes when training has asked for one so many times: after each step but an epoch's last, and after
    each epoch."""

    def __init__(self, asked: int) -> None:
        self.left = asked
        super().__init__()

    @property
    def signum(self) -> int | None:
        self.left -= 1
        return signal.SIGTERM if self.left < 0 else None

    @signum.setter
    def signum(self, _) -> None:
        pass
