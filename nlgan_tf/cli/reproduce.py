"""The command `nlgan-tf reproduce`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from nlgan_tf.reproduce.grid import PRIORS, SIZES, TASKS, Combination, Grid, Options, planned, run_config
from nlgan_tf.reproduce.methods import METHODS

FAILED = 1


class PriorPair(click.ParamType):
    """PI_P,PI_N, such as 0.7,0.85."""

    name = "PI_P,PI_N"

    def convert(self, value, param, ctx) -> tuple[float, float]:
        try:
            pi_p, pi_n = map(float, value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no pair of priors: accepted are two numbers such as 0.7,0.85", param, ctx)
        return pi_p, pi_n


@click.group()
def reproduce() -> None:
    """Run the paper's evaluation again."""


@reproduce.command(epilog=f"Methods: {', '.join(METHODS)}.")
@click.option("--recipe", default="paper", show_default=True, help="literal, paper or modern")
@click.option("--seeds", default=5, show_default=True, help="seeds of each combination, from 0 on")
@click.option("--jobs", default=1, show_default=True, help="combinations side by side; -1: one a core")
@click.option(
    *("--results", "results_path"),
    default="results/table1.jsonl",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="file that holds a JSON line for each finished combination; what it has is not run again",
)
@click.option("--task", "tasks", multiple=True, help="SOURCE:A-vs-B; may be repeated  [default: the paper's two]")
@click.option("--size", "sizes", multiple=True, type=int, help="training images  [default: 1000 and 100]")
@click.option("--priors", multiple=True, type=PriorPair(), help="pi_p,pi_n  [default: the paper's three, and 1,1]")
@click.option("--method", "methods", multiple=True, help="one of those below  [default: all but the ablations]")
@click.option("--epochs", type=int, help="of stage one  [default: the paper's, 40 on MNIST and 500 on CIFAR-10]")
@click.option("--data-dir", help="where TensorFlow Datasets keeps its data  [default: TFDS_DATA_DIR]")
@click.option("--keep", type=click.Path(file_okay=False), help="folder for NL-GAN's run folders  [default: none kept]")
@click.option("--dry-run", is_flag=True, help="list what is left to run, in its order, with an estimate of time")
@click.option("--render", is_flag=True, help="run nothing; write the file's table as .md and .png beside it")
def table1(results_path: Path, jobs: int, dry_run: bool, render: bool, **options) -> None:
    """Fill a results file with table 1: NL-GAN, and what its readers would use today.

    It may be stopped at any moment and started again, and several may work on one file.
    """
    from nlgan_tf.reproduce.results import ResultsFile
    from nlgan_tf.reproduce.table1 import check_jobs, check_runnable

    grid = Grid(
        tasks=options["tasks"] or TASKS,
        sizes=options["sizes"] or SIZES,
        priors=options["priors"] or PRIORS,
        methods=options["methods"] or Grid.methods,
        recipe=options["recipe"],
        seeds=options["seeds"],
    )
    if render:
        _render(ResultsFile(results_path))
        return
    results = ResultsFile(results_path, grid.cells)
    settings = Options(options["data_dir"], options["epochs"], options["keep"])
    seen = results.read()
    plan = planned(grid, settings, seen)
    left = {combination: seconds for combination, seconds in plan.items() if combination not in seen}
    if dry_run:
        _print_plan(left, len(plan))
        return
    check_jobs(jobs)
    check_runnable(list(plan), settings)
    in_all = f"{len(plan) - len(left)} of {len(plan)} combinations are in {results_path}"
    click.echo(f"{in_all}; the others take about {_duration(sum(left.values()))} on one core of 2.5 GHz.")
    _warn_of_other_epochs(plan, seen, settings)
    _run(list(plan), results, settings, jobs)


def _print_plan(left: dict[Combination, float], total: int) -> None:
    for combination, seconds in left.items():
        click.echo(f"{_duration(seconds):>8}  {combination}")
    needed = _duration(sum(left.values()))
    click.echo(f"{len(left)} of {total} combinations to run, about {needed} in all on one core of 2.5 GHz.")


def _warn_of_other_epochs(plan: Iterable[Combination], seen: Mapping[Combination, dict], settings: Options) -> None:
    """Of results that the file has, which stay as they are."""
    for combination in plan:
        if combination not in seen or not METHODS[combination.method].stage_one:
            continue
        asked, found = run_config(combination, settings).stage_one.epochs, seen[combination]["epochs"]
        if asked != found:
            click.echo(f"{combination} is there with {found} epochs of stage one instead of {asked}, and stays.")


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
