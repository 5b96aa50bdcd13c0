"""The command `nlgan-tf score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nlgan_tf.cli.console import prepare, verbosity
from nlgan_tf.cli.options import CLASSIFIER_PREFIX, DATA_OPTIONS, Grouped, config_options, run_config
from nlgan_tf.cli.tables import print_table
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.config import RunConfig

if TYPE_CHECKING:
    from nlgan_tf.pipeline.scored_task import ScoredTask

OF_TASK = (*DATA_OPTIONS, "pi_p", "pi_n", "estimate_priors", "corrupt", "corrupt_first", "recipe", "features", "seed")
OF_POSTERIOR = ("views", "witness")
WORST = 10


@click.command(cls=Grouped)
@config_options(RunConfig, only=OF_TASK)
@click.option("--run", "run_dir", metavar="RUN", help="Run folder whose posterior is taken; nothing is trained")
@click.option(
    "--out", default="scores.csv", show_default=True, help="CSV to write: all labels, the most doubtful first"
)
@click.option("--corrected", metavar="FILE", help="CSV to write: a copy of the labels with the suggested ones")
@click.option("--gallery", metavar="FILE", help="PNG to write: the images with the most doubtful labels")
@click.option("--overwrite", is_flag=True, help="Replace files that exist, but never those of the task")
@verbosity
@config_options(StageOneConfig)
@config_options(StageTwoConfig, prefix=CLASSIFIER_PREFIX, only=OF_POSTERIOR)
def score(
    run_dir: str | None,
    out: str,
    corrected: str | None,
    gallery: str | None,
    overwrite: bool,
    verbose: int,
    **options,
) -> None:
    """Say which labels are wrong: each image's given label, its quality, and the likelier label."""
    config = run_config("{}", options) if run_dir is None else _config_of(run_dir, options)
    from nlgan_tf.pipeline.label_files import check_output, write_corrected, write_scores

    given = [path for path in (out, corrected, gallery) if path is not None]
    paths = {path: check_output(path, config.task, overwrite) for path in given}
    if len({path.absolute() for path in paths.values()}) < len(given):
        raise InputError(f"Expected a file of its own for each output, got {', '.join(given)}")
    prepare(verbose)
    from nlgan_tf.figures.save import save
    from nlgan_tf.pipeline.scored_task import score_run, score_task

    scored = score_task(config, verbose) if run_dir is None else score_run(run_dir, options["data_dir"])
    write_scores(paths[out], scored)
    if corrected is not None:
        write_corrected(paths[corrected], scored)
    if gallery is not None:
        save(scored.gallery(), paths[gallery])
    _print_summary(scored)
    _print_next(out, corrected, gallery)


def _config_of(run_dir: str, options: dict) -> RunConfig:
    """Settings of a run, beside which nothing else says what is scored."""
    given = [name for name, value in options.items() if value is not None and name != "data_dir"]
    if given:
        raise InputError(f"Expected the files to write beside --run, got --{given[0].replace('_', '-')}")
    from nlgan_tf.pipeline.folder import CONFIG

    path = Path(run_dir).expanduser() / CONFIG
    if not path.is_file():
        raise InputError(f"Expected a run folder, got {run_dir} without {CONFIG}")
    return RunConfig.of_run(path.read_text(encoding="utf-8"))


def _print_summary(scored: ScoredTask) -> None:
    column, names = scored.names()
    classes = scored.task.class_names
    rows = [
        (
            _printable(names[row["index"]]),
            classes[row["given_label"]],
            classes[row["suggested_label"]],
            f"{row['quality']:.3f}",
        )
        for row in scored.table[:WORST]
    ]
    print_table((column, "given label", "suggested label", "quality"), rows)
    for line in scored.summary():
        click.echo(line)
    if (found := scored.average_precision) is not None:
        parts = {"all": found.overall, classes[1]: found.positives, classes[0]: found.negatives}
        shown = ", ".join(f"{name} {'-' if value is None else format(value, '.3f')}" for name, value in parts.items())
        click.echo(f"Average precision of finding the wrong labels, by given label: {shown}")


def _print_next(out: str, corrected: str | None, gallery: str | None) -> None:
    click.echo(f"All labels, the most doubtful first: {out}")
    if gallery is not None:
        click.echo(f"Look at the most doubtful images: {gallery}")
    else:
        click.echo("Look at the most doubtful images before labels change: --gallery suspects.png draws them")
    if corrected is not None:
        click.echo(f"A copy of the labels with the suggested ones: {corrected}")
    else:
        click.echo("A copy of the labels with the suggested ones: --corrected corrected.csv")
    click.echo("A classifier needs no corrected labels: nlgan-tf run learns from the same posterior")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
