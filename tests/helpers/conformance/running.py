"""The conformance server as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[2]


@dataclass(frozen=True)
class RunningServer:
    """Addresses of a server; `pid` is None for a server that was not started here."""

    url: str
    grpc: str
    pid: int | None = None


@contextlib.contextmanager
def running_server(models_config: Path) -> Iterator[RunningServer]:
    """Serves a models.config until the block ends."""
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(
        [sys.executable, "-m", "helpers.conformance.server", str(models_config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    ) as process:
        try:
            ports = json.loads(process.stdout.readline())
            host = "127.0.0.1"
            yield RunningServer(f"http://{host}:{ports['rest']}", f"{host}:{ports['grpc']}", process.pid)
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
