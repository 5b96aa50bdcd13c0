"""Processes forked off one that has imported the package and TensorFlow, which takes longer than most of what they do.

What an import does is tested in processes that begin as a user's does: tests/compat, tests/cli.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

# `nlgan-tf ARGUMENTS`.
NLGAN_TF = "from nlgan_tf.cli import main; main()"
FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["nlgan_tf.pipeline.run", "nlgan_tf.export", "nlgan_tf.tuning.search"])


class Forked:
    """`python -c CODE ARGUMENTS`, with the methods of subprocess.Popen that the tests use.

    Args:
        code: Python code, run as the main module.
        arguments: What follows in sys.argv.
        log: File to which standard output and errors are appended.
        environment: Variables beside those of this process.
    """

    def __init__(self, code: str, *arguments: str, log: Path, environment: dict[str, str] | None = None):
        log.touch()
        variables = {**os.environ, **(environment or {})}
        self._process = FORKSERVER.Process(target=_run, args=(code, arguments, log, Path.cwd(), variables))
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code, -SIGNAL after a signal; None while the process lives."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.poll()

    def send_signal(self, signum: int) -> None:
        with contextlib.suppress(ProcessLookupError):  # It has just ended.
            os.kill(self.pid, signum)


def _run(code: str, arguments: tuple[str, ...], log: Path, folder: Path, variables: dict[str, str]) -> None:
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["-c", *arguments]
    exec(code, {"__name__": "__main__"})


def output_of(code: str, *arguments: str, log: Path) -> str:
    """What the process printed; it must end well."""
    ended = Forked(code, *arguments, log=log).wait()
    printed = log.read_text()
    assert ended == 0, printed
    return printed
