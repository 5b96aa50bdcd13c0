"""The command line: parses, calls, prints; holds no logic. TensorFlow loads when a command runs, not for --help."""

from __future__ import annotations

import dataclasses
import os
import sys
import typing
from collections.abc import Callable

import click

import nlgan_tf
from nlgan_tf.config import RunConfig, StageOneConfig, StageTwoConfig
from nlgan_tf.reproduce.cli import figures, reproduce

BAD_INPUT = 2
CLASSIFIER_PREFIX = "classifier_"
ROWS = {
    "accuracy_noisy": "classifier on the noisy labels",
    "accuracy_nlgan": "classifier on the drawn images (NL-GAN)",
    "accuracy_clean": "classifier on the true labels",
    "accuracy_discriminator": "D of stage one itself",
}


def main() -> None:
    """The command `nlgan-tf`: bad input ends with one line and exit code 2."""
    # Before TensorFlow loads: its start-up notes would drown our own lines. A value that is set stays.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        cli.main(prog_name="nlgan-tf", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        _fail(error.format_message())
    except OSError as error:
        _fail(
            f"{error.strerror}: {error.filename} must be writable" if error.filename else error.strerror or str(error)
        )
    except (ValueError, ImportError) as error:
        _fail(str(error))


def _fail(message: str) -> typing.NoReturn:
    click.echo(f"nlgan-tf: {' '.join(message.split())}", err=True)
    sys.exit(BAD_INPUT)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(nlgan_tf.__version__)
def cli() -> None:
    """A clean image data set, a classifier and servable models out of a small set with wrong labels."""


def config_options(config_class: type, prefix: str = "") -> Callable[[Callable], Callable]:
    """One option a field of a configuration: type, default and help are the field's own."""
    hints = typing.get_type_hints(config_class)

    def decorate(command: Callable) -> Callable:
        for item in reversed(dataclasses.fields(config_class)):
            if "doc" not in item.metadata:
                continue
            kind = (typing.get_args(hints[item.name]) or (hints[item.name],))[0]  # of int | None: int
            default = item.default if config_class is RunConfig else "the recipe's"
            note = "" if kind is bool or default is None else f"  [default: {default}]"
            name = prefix + item.name
            command = click.option(
                f"--{name.replace('_', '-')}",
                name,
                type=kind,
                is_flag=kind is bool,
                default=None,
                help=item.metadata["doc"] + note,
            )(command)
        return command

    return decorate


@cli.command()
@config_options(RunConfig)
@click.option("--seeds", default=1, show_default=True, help="number of runs, from --seed on, each in its own folder")
@click.option("--config", "config_file", type=click.File(), help="JSON file such as a run's config.json; options win")
@click.option("--quiet", is_flag=True, help="print the final table alone")
@config_options(StageOneConfig)
@config_options(StageTwoConfig, prefix=CLASSIFIER_PREFIX)
def run(seeds: int, config_file: typing.TextIO | None, quiet: bool, **options) -> None:
    """Train both stages on noisy labels; write the clean data set, the classifier and SavedModels."""
    config = _run_config(config_file.read() if config_file else "{}", options)
    from nlgan_tf import pipeline

    verbose = 0 if quiet else 1
    results = [pipeline.run(config, verbose)] if seeds == 1 else pipeline.run_seeds(config, seeds, verbose)
    _print_table(pipeline.summarise(results), seeds)
    first = results[0].run_dir
    click.echo(f"Run folder: {first if seeds == 1 else first.parent}")
    click.echo(f"Look at {first / 'samples.png'}; use {first / 'clean_dataset.npz'} and {first / 'saved_models'}.")


def _run_config(text: str, options: dict) -> RunConfig:
    """The file's configuration under the options that were given."""
    given = {name: value for name, value in options.items() if value is not None}
    if given.get("spectral_norm") == "none":
        given["spectral_norm"] = None
    run_names = {item.name for item in dataclasses.fields(RunConfig)}
    classifier = {name for name in given if name.startswith(CLASSIFIER_PREFIX)}
    of_run = {name: given[name] for name in given if name in run_names}
    of_stage_one = {name: given[name] for name in given if name not in run_names | classifier}
    of_stage_two = {name.removeprefix(CLASSIFIER_PREFIX): given[name] for name in classifier}
    if "recipe" in of_run:
        # Another recipe brings its own stages.
        of_run = {"stage_one": None, "stage_two": None, **of_run}
    config = dataclasses.replace(RunConfig.from_json(text), **of_run)
    return dataclasses.replace(
        config,
        stage_one=dataclasses.replace(config.stage_one, **of_stage_one),
        stage_two=dataclasses.replace(config.stage_two, **of_stage_two),
    )


def _print_table(summary: dict[str, tuple[float, float]], seeds: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("accuracy on clean test labels", "mean of seeds" if seeds > 1 else "value")
    for name, title in ROWS.items():
        if name in summary:
            mean, std = summary[name]
            table.add_row(title, f"{mean:.3f} ± {std:.3f}" if seeds > 1 else f"{mean:.3f}")
    if table.row_count:
        Console().print(table)


cli.add_command(reproduce)
cli.add_command(figures)

if __name__ == "__main__":
    main()
