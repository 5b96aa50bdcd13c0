"""The command `nlgan-tf tune`: parses, calls, prints; heavy imports wait until it runs."""

from __future__ import annotations

import typing

import click

from nlgan_tf.cli.options import CLASSIFIER_PREFIX, config_options, run_config
from nlgan_tf.cli.tables import print_table
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.tuning.objectives import DEFAULT_OBJECTIVE, NEEDS_CLEAN_LABELS, OBJECTIVES
from nlgan_tf.tuning.space import CHOICES, TUNABLE

RUN_OPTIONS = (
    "task",
    "size",
    "scale",
    "pi_p",
    "pi_n",
    "estimate_priors",
    "corrupt_first",
    "recipe",
    "seed",
    "data_dir",
)

SEARCH_OPTIONS = (
    *("tuner", "trials", "minutes", "trial_epochs", "validation_split"),
    *("clean", "grid_points", "project", "overwrite"),
)


class Tuned(click.ParamType):
    """NAME, or NAME=VALUE,VALUE such as alpha=1,20 or loss=bce,mse."""

    name = "NAME[=VALUES]"

    def convert(self, value, param, ctx) -> tuple[str, tuple | None]:
        name, given, values = value.partition("=")
        if not given:
            return name, None
        parts = tuple(part.strip() for part in values.split(","))
        if name in CHOICES:
            return name, parts
        try:
            return name, tuple(map(float, parts))
        except ValueError:
            self.fail(f"{value!r} is no range: accepted are two numbers such as {name}=1,20", param, ctx)


@click.command(epilog=f"What --tune accepts: {', '.join(TUNABLE)}.")
@config_options(RunConfig, only=RUN_OPTIONS)
@click.option("--config", "config_file", type=click.File(), help="JSON file such as a run's config.json; options win")
@click.option("--tuner", default="bayesian", show_default=True, help="random, bayesian, hyperband or grid")
@click.option(
    "--objective",
    help=f"{', '.join(OBJECTIVES)} ({NEEDS_CLEAN_LABELS} needs --clean)"
    f"  [default: {DEFAULT_OBJECTIVE}, which followed clean accuracy best]",
)
@click.option(
    "--tune",
    "tuned",
    multiple=True,
    type=Tuned(),
    help="search this setting, in the default range or in NAME=LOWEST,HIGHEST or among NAME=CHOICE,CHOICE; "
    "may be repeated  [default: alpha and beta]",
)
@click.option("--trials", type=int, help="most trials  [default: 12, or any number where --minutes is given]")
@click.option("--minutes", type=float, help="start no trial after so many minutes  [default: no limit]")
@click.option("--trial-epochs", type=int, help="epochs of stage one in a trial  [default: half of the run's]")
@click.option("--validation-split", default=0.2, show_default=True, help="share of the images held out to judge by")
@click.option("--clean", metavar="FILE", help=".npz file of images with true labels, for clean_accuracy")
@click.option("--grid-points", default=4, show_default=True, help="values that --tuner grid cuts a range into")
@click.option("--project", metavar="DIR", help="folder of the search  [default: tuning/TASK]")
@click.option("--overwrite", is_flag=True, help="delete the search that the folder holds")
@click.option("--quiet", is_flag=True, help="print the final table alone")
@config_options(StageOneConfig)
@config_options(StageTwoConfig, prefix=CLASSIFIER_PREFIX)
def tune(config_file: typing.TextIO | None, quiet: bool, tuned: tuple, objective: str | None, **options) -> None:
    """Search alpha, beta and more by keras-tuner, with noisy labels alone; write best.json for `nlgan-tf run`.

    The same command again continues a search that was cut off; finished trials are not repeated.
    """
    of_search = {name: options.pop(name) for name in SEARCH_OPTIONS}
    if tuned:
        of_search["tune"] = dict(tuned)
    if objective is not None:
        of_search["objective"] = objective
    run = run_config(config_file.read() if config_file else "{}", options)
    # Before keras-tuner imports Keras: Keras is checked there.
    import nlgan_tf.compat.keras  # noqa: F401
    from nlgan_tf.tuning import search

    result = search.tune(search.SearchConfig(run, **of_search), verbose=0 if quiet else 1, say=click.echo)
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
    click.echo(f"Train with the best by: nlgan-tf run --config {result.project / BEST}")


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
