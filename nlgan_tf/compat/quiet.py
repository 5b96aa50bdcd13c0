"""TensorFlow without the lines that tell users nothing: its runtime's at the import, and its notes while it saves."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator

# Notes and warnings of absl's log, such as "I0000 00:00:1795666790.808474    2765 port.cc:153] oneDNN ...".
_STARTUP_LINE = re.compile(rb"WARNING: All log messages before absl::InitializeLog|[IW]\d{4} [\d:.]+\s+\d+ \S+\]")


def import_tensorflow() -> None:
    """Imports TensorFlow; unless TF_CPP_MIN_LOG_LEVEL is "0", its start-up notes and warnings are dropped.

    Errors, and all that others print to stderr meanwhile, are passed on.
    """
    if "tensorflow" in sys.modules:
        return
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        import tensorflow

        return
    with _without_startup_lines():
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def without_saving_notes() -> Iterator[None]:
    """Drops "Assets written to", which TensorFlow prints in notebooks for each SavedModel, with temporary paths.

    Warnings are passed on; with TF_CPP_MIN_LOG_LEVEL "0" the notes too.
    """
    logger = logging.getLogger("tensorflow")
    level = logger.level
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") != "0":
        logger.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _without_startup_lines() -> Iterator[None]:
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, AttributeError):  # A process without stderr.
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            others = [line for line in caught if not _STARTUP_LINE.match(line)]
            os.write(2, b"".join(others))
