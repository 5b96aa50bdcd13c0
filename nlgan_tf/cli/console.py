"""The console: verbosity, and output that no terminal, pipe or encoding breaks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click

QUIET, NORMAL, VERBOSE = 0, 1, 2


def verbosity(command: Callable) -> Callable:
    """Adds --quiet and --verbose to a command, which gets them as `verbose`: 0, 1 or 2."""

    def choose(context: click.Context, parameter: click.Parameter, value: bool) -> bool:
        if value:
            context.params["verbose"] = QUIET if parameter.name == "quiet" else VERBOSE
        context.params.setdefault("verbose", NORMAL)
        return value

    for name, text in (("quiet", "Print the final result alone"), ("verbose_", "Print TensorFlow's own log too")):
        flag = name.rstrip("_")
        command = click.option(
            f"-{flag[0]}", f"--{flag}", name, is_flag=True, expose_value=False, callback=choose, help=text
        )(command)
    return command


def prepare(verbose: int = NORMAL) -> None:
    """Imports TensorFlow without its start-up lines; with VERBOSE all of its log is printed."""
    if verbose == VERBOSE:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "0"
    from nlgan_tf.compat.quiet import import_tensorflow

    import_tensorflow()


def tolerate_encoding() -> None:
    """A character that the terminal's encoding lacks is printed as a question mark; it never ends a run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def plus_minus() -> str:
    """The sign of plus or minus as standard output can print it."""
    try:
        "±".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "+-"
    return "±"
