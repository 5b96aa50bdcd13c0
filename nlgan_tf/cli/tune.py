"""The command `nlgan-tf tune`: parses, calls, prints; heavy imports wait until it runs."""

from __future__ import annotations

import shlex
import typing

import click

from nlgan_tf.cli.console import prepare, verbosity
from nlgan_tf.cli.options import CLASSIFIER_PREFIX, DATA_OPTIONS, Grouped, config_options, run_config
from nlgan_tf.cli.tables import print_table
from nlgan_tf.config import StageOneConfig, StageTwoConfig, options
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.tuning.config import SearchConfig
from nlgan_tf.tuning.space import DEFAULT, OPTIONS, TUNABLE

RUN_OPTIONS = (*DATA_OPTIONS, "pi_p", "pi_n", "estimate_priors", "corrupt", "corrupt_first", "recipe", "seed")


def _tunable() -> str:
    """Settings that --tune accepts, with their default ranges and choices."""
    words = {
        name: " or ".join(values) if OPTIONS[name].search is None else "{:g} to {:g}".format(*values)
        for name, values in TUNABLE.items()
    }
    return "; ".join(f"{name} ({values})" for name, values in words.items())


class Tuned(click.ParamType):
    """NAME, or NAME=VALUE,VALUE such as alpha=1,20 or loss=bce,mse."""

    name = "NAME[=VALUES]"

    def convert(self, value, param, ctx) -> tuple[str, tuple | None]:
        name, given, values = value.partition("=")
        if not given:
            return name, None
        parts = tuple(part.strip() for part in values.split(","))
        if name in OPTIONS and OPTIONS[name].choices:
            return name, parts
        try:
            return name, tuple(map(float, parts))
        except ValueError:
            self.fail(f"Expected a range such as {name}=1,20; got {value!r}", param, ctx)


@click.command(cls=Grouped, epilog=f"Settings that --tune accepts, with their default values: {_tunable()}.")
@config_options(RunConfig, only=RUN_OPTIONS)
@click.option("--config", "config_file", type=click.File(), help="JSON file such as a run's config.json; options win")
@click.option(
    "--tune",
    "tuned",
    multiple=True,
    type=Tuned(),
    help="Setting to search, in its default range, in NAME=LOWEST,HIGHEST or among NAME=CHOICE,CHOICE; may be repeated"
    f"  [default: {' and '.join(DEFAULT)}]",
)
@config_options(SearchConfig)
@verbosity
@config_options(StageOneConfig)
@config_options(StageTwoConfig, prefix=CLASSIFIER_PREFIX)
def tune(config_file: typing.TextIO | None, verbose: int, tuned: tuple, **given) -> None:
    """Search alpha, beta and more by keras-tuner, with noisy labels alone; write best.json for `nlgan-tf run`.

    The same command again continues a search that was cut off; finished trials are not repeated.
    """
    of_search = {name: given.pop(name) for name in options(SearchConfig)}
    of_search = {name: value for name, value in of_search.items() if value is not None}
    if tuned:
        of_search["tune"] = dict(tuned)
    config = SearchConfig(run_config(config_file.read() if config_file else "{}", given), **of_search)
    prepare(verbose)
    from nlgan_tf.tuning import search

    result = search.tune(config, verbose=min(verbose, 1), say=click.echo)
    if result.trials:
        _print(result)


def _print(result) -> None:
    from nlgan_tf.tuning.project import BEST, PLANE, TRIALS

    first = result.trials[0]
    columns = ("trial", *(name.replace("_", " ") for name in (*first.values, *first.measures)), "seconds")
    rows = []
    for row in result.trials:
        values = [_shown(row.values.get(name)) for name in first.values]
        measures = [_shown(row.measures.get(name)) for name in first.measures] if row.reason is None else ["failed"]
        rows.append((str(int(row.trial_id) + 1), *values, *measures, *([f"{row.seconds:.0f}"] if row.seconds else [])))
    print_table(columns, rows)
    if result.failed:
        click.echo(f"{len(result.failed)} of {len(result.trials)} trials failed:", err=True)
        for row in result.failed:
            click.echo(f"  trial {int(row.trial_id) + 1}: {row.reason}", err=True)
    click.echo(f"Table: {result.project / TRIALS}")
    if (result.project / PLANE).exists():
        click.echo(f"Figure: {result.project / PLANE}")
    click.echo(f"Train with the best by: nlgan-tf run --config {shlex.quote(str(result.project / BEST))}")


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
