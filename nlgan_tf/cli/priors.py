"""The command `nlgan-tf priors`."""

from __future__ import annotations

import click

from nlgan_tf.cli.console import prepare
from nlgan_tf.cli.options import DATA_OPTIONS, Grouped, config_options, run_config
from nlgan_tf.cli.tables import print_table
from nlgan_tf.pipeline.config import RunConfig


@click.command(cls=Grouped)
@config_options(RunConfig, only=(*DATA_OPTIONS, "pi_p", "pi_n", "corrupt", "corrupt_first", "seed"))
@click.option("--folds", default=5, show_default=True, help="Folds of the images that D is scored on")
@click.option("--max-steps", default=400, show_default=True, help="Most steps of each D; held-out labels stop D sooner")
@click.option(
    "--trainings",
    default=1,
    show_default=True,
    help="Trainings of D, each on other folds; their spread widens the intervals",
)
@click.option("--width", default=0.25, show_default=True, help="Factor on the size of every layer of D")
@click.option("--figure", default="priors.png", show_default=True, help="PNG to write: the histogram of D's outputs")
def priors(folds: int, max_steps: int, trainings: int, width: float, figure: str, **options) -> None:
    """Estimate how many labels are wrong, from the images and labels alone, by several methods."""
    config = run_config("{}", options)
    from nlgan_tf.figures.save import check_writable, save

    check_writable(figure)
    prepare()
    from nlgan_tf.noise_rates import report as noise_rates
    from nlgan_tf.noise_rates.registry import DEFAULT
    from nlgan_tf.pipeline.prepare import prepare_task

    task = prepare_task(config)
    for remark in task.remarks:
        click.echo(remark)
    report = noise_rates.measure_noise(task.images, task.noisy_labels, folds, max_steps, trainings, width, config.seed)
    print_table(("method", "pi_p", "95% interval", "pi_n", "95% interval"), noise_rates.rows(report, task))
    click.echo(report.estimates[DEFAULT].verdict)
    save(noise_rates.figure(report), figure)
    click.echo(f"D's outputs: {figure}")
