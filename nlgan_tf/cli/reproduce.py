"""The command `nlgan-tf reproduce`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from nlgan_tf.cli.options import config_options
from nlgan_tf.config import options
from nlgan_tf.files import claimed
from nlgan_tf.reproduce.grid import Combination, Grid, Options, features_of, planned, run_config
from nlgan_tf.reproduce.methods import METHODS, RUNNABLE, default_methods

FAILED = 1


class PriorPair(click.ParamType):
    """PI_P,PI_N, such as 0.7,0.85."""

    name = "PI_P,PI_N"

    def convert(self, value, param, ctx) -> tuple[float, float]:
        try:
            pi_p, pi_n = map(float, value.split(","))
        except ValueError:
            self.fail(f"Expected two purities such as 0.7,0.85; got {value!r}", param, ctx)
        return pi_p, pi_n


@click.group()
def reproduce() -> None:
    """Run the paper's evaluation again."""


@reproduce.command()
@config_options(Grid)
@click.option("--task", "tasks", multiple=True, help="SOURCE:A-vs-B; may be repeated  [default: the paper's two]")
@click.option(
    "--size", "sizes", multiple=True, type=int, help="Training images; may be repeated  [default: 1000 and 100]"
)
@click.option(
    "--priors", multiple=True, type=PriorPair(), help="Purities; may be repeated  [default: the paper's three, and 1,1]"
)
@click.option(
    *("--method", "methods"),
    multiple=True,
    type=click.Choice(RUNNABLE),
    metavar="METHOD",
    help=f"One of {', '.join(RUNNABLE)}; may be repeated  [default: all but the ablations, and those of "
    "frozen features with --features alone]",
)
@config_options(Options)
@click.option("--jobs", default=1, show_default=True, help="Combinations side by side; -1: one a core")
@click.option(
    *("--results", "results_path"),
    default="results/table1.jsonl",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of results, a JSON line for each finished combination, which is not run again",
)
@click.option("--dry-run", is_flag=True, help="List of what is left to run, in its order, with an estimate of time")
@click.option("--render", is_flag=True, help="Table of the file as .md and .png beside the file; nothing is run")
def table1(results_path: Path, jobs: int, dry_run: bool, render: bool, **given) -> None:
    """Fill a results file with table 1: NL-GAN, and what its readers would use today.

    The command may be stopped at any moment and started again, and several processes may share one file.
    """
    from nlgan_tf.reproduce.results import ResultsFile
    from nlgan_tf.reproduce.table1 import check_jobs, check_runnable

    given = {name: value for name, value in given.items() if value not in (None, ())}
    settings = Options(**{name: given.pop(name) for name in options(Options) if name in given})
    grid = Grid(**{"methods": default_methods(settings.features is not None), **given})
    if render:
        _render(ResultsFile(results_path))
        return
    results = ResultsFile(results_path, grid.cells)
    seen = results.read()
    plan = planned(grid, settings, seen)
    left = {combination: seconds for combination, seconds in plan.items() if combination not in seen}
    if dry_run:
        _print_plan(left, len(plan))
        return
    check_jobs(jobs)
    with claimed(results_path.parent), claimed(Path(settings.keep or results_path.parent).expanduser()):
        check_runnable(list(plan), settings)
    in_all = f"{len(plan) - len(left)} of {len(plan)} combinations are in {results_path}"
    click.echo(f"{in_all}; the others take about {_duration(sum(left.values()))} on one core of 2.5 GHz.")
    _warn_of_other_settings(plan, seen, settings)
    _run(list(plan), results, settings, jobs)


def _print_plan(left: dict[Combination, float], total: int) -> None:
    for combination, seconds in left.items():
        click.echo(f"{_duration(seconds):>8}  {combination}")
    needed = _duration(sum(left.values()))
    click.echo(f"{len(left)} of {total} combinations to run, about {needed} in all on one core of 2.5 GHz.")


def _warn_of_other_settings(plan: Iterable[Combination], seen: Mapping[Combination, dict], settings: Options) -> None:
    """Prints each result of the file that was trained for other epochs or features; such results stay as they are."""
    for combination in plan:
        if combination not in seen:
            continue
        asked = Path(features_of(combination, settings) or "").name
        found = seen[combination].get("features", "")
        if asked != found:
            told = f"{combination} has a result with {found or 'no'} features instead of {asked or 'none'}"
            click.echo(f"{told}, which stays: --results names another file.")
        if not METHODS[combination.method].stage_one:
            continue
        asked, found = run_config(combination, settings).stage_one.epochs, seen[combination]["epochs"]
        if asked != found:
            click.echo(f"{combination} has a result of {found} epochs of stage one instead of {asked}, which stays.")


def _run(plan: list[Combination], results, settings: Options, jobs: int) -> None:
    from nlgan_tf.reproduce.table1 import run_grid

    def report(combination: Combination, outcome: dict | Exception) -> None:
        if isinstance(outcome, Exception):
            path = results.write_failure(combination, outcome.traceback_text)
            what = f"{type(outcome).__name__}: {' '.join(str(outcome).split())}"
            click.echo(f"{combination}: failed: {what} (traceback: {path})", err=True)
        else:
            click.echo(f"{combination}: {outcome['accuracy']:.3f} in {_duration(outcome['seconds'])}")

    failed = run_grid(plan, results, settings, jobs, report)
    if failed:
        click.echo(f"nlgan-tf: {len(failed)} of {len(plan)} combinations failed; start again to retry them", err=True)
        sys.exit(FAILED)
    click.echo(f"All {len(plan)} combinations are in {results.path}.")


def _render(results) -> None:
    from nlgan_tf.reproduce.render import write_table

    for path in write_table(results.read(), results.path):
        click.echo(f"Wrote {path}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
