"""`main`: the group of all commands, and what each kind of error ends as."""

from __future__ import annotations

import os
import sys
import typing
from pathlib import Path

import click

import nlgan_tf
from nlgan_tf.cli.console import tolerate_encoding
from nlgan_tf.cli.export import check_export, export
from nlgan_tf.cli.figures import figures
from nlgan_tf.cli.priors import priors
from nlgan_tf.cli.report import report
from nlgan_tf.cli.reproduce import FAILED, reproduce
from nlgan_tf.cli.run import run
from nlgan_tf.cli.score import score
from nlgan_tf.cli.tune import tune
from nlgan_tf.errors import InputError, TrainingFailed
from nlgan_tf.files import HIDDEN

BAD_INPUT = 2
TRY_AGAIN = 75
INTERRUPTED = 130


def main() -> None:
    """The command `nlgan-tf`: bad input ends with one line and exit code 2."""
    tolerate_encoding()
    try:
        cli.main(prog_name="nlgan-tf", standalone_mode=False)
    except click.exceptions.Abort as error:
        if hasattr(error.__cause__, "exit_code"):
            _fail(str(error.__cause__), error.__cause__.exit_code)
        sys.exit(INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        _fail(error.format_message())
    except ConnectionError as error:
        _fail(str(error), TRY_AGAIN)
    except TrainingFailed as error:
        _fail(str(error), FAILED)
    except OSError as error:
        _fail(_os_error(error))
    except InputError as error:
        _fail(str(error))


def _os_error(error: OSError) -> str:
    if not error.filename:
        return error.strerror or str(error)
    # The name of the file that was wanted, and not of the hidden half beside it.
    path = Path(os.fsdecode(error.filename))
    return f"Expected {path.with_name(HIDDEN.sub('', path.name))} to be usable, got: {error.strerror}"


def _fail(message: str, code: int = BAD_INPUT) -> typing.NoReturn:
    click.echo(f"nlgan-tf: {' '.join(message.split())}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(nlgan_tf.__version__)
def cli() -> None:
    """A clean image data set, a classifier and servable models out of a small set with wrong labels."""


for command in (run, export, check_export, priors, score, tune, reproduce, figures, report):
    cli.add_command(command)
