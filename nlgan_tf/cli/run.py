"""The command `nlgan-tf run`."""

from __future__ import annotations

import typing

import click

from nlgan_tf.cli.console import plus_minus, prepare, verbosity
from nlgan_tf.cli.options import CLASSIFIER_PREFIX, Grouped, config_options, run_config
from nlgan_tf.cli.tables import print_table
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.folder import DATASET, REPORT, SAMPLES, SAVED_MODELS


@click.command(cls=Grouped)
@config_options(RunConfig)
@click.option("--seeds", default=1, show_default=True, help="Number of runs, from --seed on, each in its own folder")
@click.option("--config", "config_file", type=click.File(), help="JSON file such as a run's config.json; options win")
@click.option("--resume", "resumed", metavar="RUN", help="Run folder to continue from its last checkpoint")
@verbosity
@config_options(StageOneConfig)
@config_options(StageTwoConfig, prefix=CLASSIFIER_PREFIX)
def run(seeds: int, config_file: typing.TextIO | None, resumed: str | None, verbose: int, **options) -> None:
    """Train both stages on noisy labels; write the clean data set, the classifier and SavedModels."""
    if resumed is not None:
        results, several = _resume(resumed, seeds > 1 or config_file is not None, verbose, options)
    else:
        config = run_config(config_file.read() if config_file else "{}", options)
        prepare(verbose)
        from nlgan_tf.pipeline import run as pipeline

        several = seeds != 1
        results = pipeline.run_seeds(config, seeds, verbose) if several else [pipeline.run(config, verbose)]
    _print_results(results, several)


def _resume(run_dir: str, more: bool, verbose: int, options: dict) -> tuple[list, bool]:
    """The results, and whether they are several seeds'."""
    given = {name: value for name, value in options.items() if value is not None}
    elsewhere = {name: given.pop(name) for name in ("strategy", "devices") if name in given}
    if given or more:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given) or "--seeds or --config"
        raise InputError(f"Expected --strategy, --devices, --quiet or --verbose beside --resume, got {names}")
    prepare(verbose)
    from nlgan_tf.pipeline import run as pipeline

    if pipeline.holds_seeds(run_dir):
        return pipeline.resume_seeds(run_dir, verbose, **elsewhere), True
    return [pipeline.resume(run_dir, verbose, **elsewhere)], False


def _print_results(results: list, several: bool) -> None:
    from nlgan_tf.pipeline import run as pipeline

    if not results[0].metrics:  # The chief's machine has them.
        return
    _print_accuracies(pipeline.summarise(results), len(results))
    first = results[0].run_dir
    click.echo(f"Run folder: {first.parent if several else first}")
    made = [str(first / name) for name in (DATASET, SAVED_MODELS) if (first / name).exists()]
    click.echo(f"Use {' and '.join(made)}.")
    best_seen = next((name for name in (REPORT, SAMPLES) if (first / name).is_file()), None)
    if best_seen is not None:
        click.echo(f"Open {first / best_seen}")


def _print_accuracies(summary: dict[str, tuple[float, float]], seeds: int) -> None:
    from nlgan_tf.pipeline.accuracies import titles

    shown = f"{{:.3f}} {plus_minus()} {{:.3f}}" if seeds > 1 else "{:.3f}"
    rows = [(title, shown.format(*summary[name])) for name, title in titles(summary).items()]
    print_table(("accuracy on clean test labels", "mean of seeds" if seeds > 1 else "value"), rows)
