"""The command line: parses, calls, prints; holds no logic. TensorFlow loads when a command runs, not for --help."""

from __future__ import annotations

import os
import sys
import typing

import click

import nlgan_tf
from nlgan_tf.config import RunConfig, StageOneConfig, StageTwoConfig
from nlgan_tf.errors import TrainingFailed
from nlgan_tf.options import CLASSIFIER_PREFIX, config_options, run_config
from nlgan_tf.reproduce.cli import FAILED, figures, reproduce
from nlgan_tf.run_folder import DATASET, SAMPLES, SAVED_MODELS
from nlgan_tf.tuning.cli import tune

BAD_INPUT = 2
TRY_AGAIN = 75
INTERRUPTED = 130
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


@cli.command()
@config_options(RunConfig)
@click.option("--seeds", default=1, show_default=True, help="number of runs, from --seed on, each in its own folder")
@click.option("--config", "config_file", type=click.File(), help="JSON file such as a run's config.json; options win")
@click.option("--resume", "resumed", metavar="RUN", help="continue this run folder from its last checkpoint")
@click.option("--quiet", is_flag=True, help="print the final table alone")
@config_options(StageOneConfig)
@config_options(StageTwoConfig, prefix=CLASSIFIER_PREFIX)
def run(seeds: int, config_file: typing.TextIO | None, resumed: str | None, quiet: bool, **options) -> None:
    """Train both stages on noisy labels; write the clean data set, the classifier and SavedModels."""
    verbose = 0 if quiet else 1
    if resumed is not None:
        results, several = _resume(resumed, seeds > 1 or config_file is not None, verbose, options)
    else:
        config = run_config(config_file.read() if config_file else "{}", options)
        from nlgan_tf import pipeline

        several = seeds != 1
        results = pipeline.run_seeds(config, seeds, verbose) if several else [pipeline.run(config, verbose)]
    _print_results(results, several)


def _resume(run_dir: str, more: bool, verbose: int, options: dict) -> tuple[list, bool]:
    """The results, and whether they are several seeds'."""
    given = {name: value for name, value in options.items() if value is not None}
    elsewhere = {name: given.pop(name) for name in ("strategy", "devices") if name in given}
    if given or more:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given) or "--seeds or --config"
        raise ValueError(f"--resume with {names}: accepted beside it are --strategy, --devices and --quiet")
    from nlgan_tf import pipeline

    if pipeline.holds_seeds(run_dir):
        return pipeline.resume_seeds(run_dir, verbose, **elsewhere), True
    return [pipeline.resume(run_dir, verbose, **elsewhere)], False


def _print_results(results: list, several: bool) -> None:
    from nlgan_tf import pipeline

    if not results[0].metrics:  # The chief's machine has them.
        return
    _print_table(pipeline.summarise(results), len(results))
    first = results[0].run_dir
    click.echo(f"Run folder: {first.parent if several else first}")
    click.echo(f"Look at {first / SAMPLES}; use {first / DATASET} and {first / SAVED_MODELS}.")


@cli.command()
@click.argument("run_dir", metavar="RUN")
@click.option("--to", "base_dir", required=True, metavar="BASE", help="folder that gets BASE/<model>/<version>/")
@click.option("--onnx", is_flag=True, help="write model.onnx too (needs the extra onnx)")
@click.option(
    "--served-from",
    metavar="PATH",
    help="where the server finds BASE, for models.config  [default: as it says, or a container's /models]",
)
def export(run_dir: str, base_dir: str, onnx: bool, served_from: str | None) -> None:
    """Publish the models of the run folder RUN as their next versions, for TF Serving."""
    from nlgan_tf.export import export_run

    for version in export_run(run_dir, base_dir, onnx=onnx, served_from=served_from):
        click.echo(version)


@cli.command()
@click.argument("directory", metavar="DIR")
def check_export(directory: str) -> None:
    """Check the exports in DIR: a version, a model's folder or a base."""
    from nlgan_tf import export

    rows = []
    try:
        for row in export.check_export(directory):
            rows.append(row)
    finally:
        # What passed is shown before what did not.
        _print_checks(rows)


@cli.command()
@config_options(RunConfig, only=("task", "size", "pi_p", "pi_n", "corrupt_first", "seed", "data_dir"))
@click.option("--folds", default=5, show_default=True, help="folds of the images that D is scored on")
@click.option(
    "--max-steps", default=400, show_default=True, help="most steps of each D; held-out labels stop it sooner"
)
@click.option("--trainings", default=1, show_default=True, help="trainings of D on other folds, for wider intervals")
@click.option("--width", default=0.25, show_default=True, help="factor on the size of every layer of D")
@click.option("--figure", default="priors.png", show_default=True, help="PNG to write: the histogram of D's outputs")
def priors(folds: int, max_steps: int, trainings: int, width: float, figure: str, **options) -> None:
    """Estimate how many labels are wrong, from the images and labels alone, by six methods."""
    config = run_config("{}", options)
    from nlgan_tf import noise_rates
    from nlgan_tf.preparation import prepare_task

    task = prepare_task(config)
    report = noise_rates.measure_noise(task.images, task.noisy_labels, folds, max_steps, trainings, width, config.seed)
    _print_priors(noise_rates.rows(report, task))
    click.echo(report.estimates["combined"].verdict)
    noise_rates.write_figure(report, figure)
    click.echo(f"D's outputs: {figure}")


def _print_priors(rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("method", "pi_p", "95% interval", "pi_n", "95% interval")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


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


def _print_checks(rows: list[dict]) -> None:
    from rich.console import Console
    from rich.table import Table

    checks: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        checks.setdefault((f"{row['model']}/{row['version']}", row["signature"]), []).append(row)
    table = Table("model", "signature", "rows", "ms, first calls", "off from Keras, of the range")
    for names, runs in checks.items():
        batches = ", ".join(str(run["batch"]) for run in runs)
        milliseconds = ", ".join(f"{run['milliseconds']:.0f}" for run in runs)
        table.add_row(*names, batches, milliseconds, f"{max(run['deviation'] for run in runs):.1e}")
    if checks:
        Console().print(table)


cli.add_command(reproduce)
cli.add_command(figures)
cli.add_command(tune)

if __name__ == "__main__":
    main()
