import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from nlgan_tf.cli.console import verbosity


@click.command()
@verbosity
def command(verbose: int) -> None:
    click.echo(verbose)


@pytest.mark.parametrize(
    ("arguments", "level"), [([], 1), (["--quiet"], 0), (["-q"], 0), (["--verbose"], 2), (["-v"], 2)]
)
def test_quiet_and_verbose(arguments, level):
    assert CliRunner().invoke(command, arguments).output == f"{level}\n"


@pytest.mark.parametrize(("encoding", "sign"), [("ascii", "+-"), ("utf-8", "±"), ("latin-1", "±")])
def test_the_sign_of_plus_minus_suits_the_encoding(encoding, sign):
    code = "from nlgan_tf.cli.console import *; tolerate_encoding(); print(plus_minus(), 'Ω')"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    shown = done.stdout.decode(encoding)
    assert shown == f"{sign} {'Ω' if encoding == 'utf-8' else '?'}\n"
