"""`main`: the group of all commands, and what each kind of error ends as."""

from __future__ import annotations

import os
import sys
import typing

import click

import nlgan_tf
from nlgan_tf.cli.export import check_export, export
from nlgan_tf.cli.figures import figures
from nlgan_tf.cli.priors import priors
from nlgan_tf.cli.reproduce import FAILED, reproduce
from nlgan_tf.cli.run import run
from nlgan_tf.cli.tune import tune
from nlgan_tf.errors import TrainingFailed

BAD_INPUT = 2
TRY_AGAIN = 75
INTERRUPTED = 130


def main() -> None:
    """The command `nlgan-tf`: bad input ends with one line and exit code 2."""
    # Before TensorFlow loads: its start-up notes would drown our own lines. A value that is set stays.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
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
        _fail(
            f"{error.strerror}: {error.filename} must be writable" if error.filename else error.strerror or str(error)
        )
    except (ValueError, ImportError) as error:
        _fail(str(error))


def _fail(message: str, code: int = BAD_INPUT) -> typing.NoReturn:
    click.echo(f"nlgan-tf: {' '.join(message.split())}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(nlgan_tf.__version__)
def cli() -> None:
    """A clean image data set, a classifier and servable models out of a small set with wrong labels."""


for command in (run, export, check_export, priors, tune, reproduce, figures):
    cli.add_command(command)
