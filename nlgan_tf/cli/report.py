"""The command `nlgan-tf report`."""

from __future__ import annotations

import click

from nlgan_tf.cli.console import prepare, verbosity


@click.command()
@click.argument("run_dir", metavar="RUN")
@click.option("--out", metavar="FILE", help="HTML file to write  [default: report.html in RUN, which is replaced]")
@click.option("--overwrite", is_flag=True, help="Replace an existing FILE")
@click.option("--data-dir", help="Folder of TensorFlow Datasets; the run's own by default")
@verbosity
def report(run_dir: str, out: str | None, overwrite: bool, data_dir: str | None, verbose: int) -> None:
    """Write one HTML page of the finished run RUN: which labels are wrong, what to trust, what to do next."""
    prepare(verbose)
    from nlgan_tf.pipeline.report.page import write_report

    click.echo(f"Open {write_report(run_dir, out, overwrite, data_dir)}")
