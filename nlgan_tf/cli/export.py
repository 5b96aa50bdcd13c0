"""The commands `nlgan-tf export` and `nlgan-tf check-export`."""

from __future__ import annotations

import click

from nlgan_tf.cli.tables import print_table


@click.command()
@click.argument("run_dir", metavar="RUN")
@click.option("--to", "base_dir", required=True, metavar="BASE", help="Folder for BASE/<model>/<version>/")
@click.option("--onnx", is_flag=True, help="Write model.onnx too (needs the extra onnx)")
@click.option(
    "--served-from",
    metavar="PATH",
    help="Server's absolute path of BASE, for models.config  [default: as in models.config, or a container's /models]",
)
def export(run_dir: str, base_dir: str, onnx: bool, served_from: str | None) -> None:
    """Publish the models of the run folder RUN as their next versions, for TF Serving."""
    from nlgan_tf.pipeline.export_run import export_run

    for version in export_run(run_dir, base_dir, onnx=onnx, served_from=served_from):
        click.echo(version)


@click.command()
@click.argument("directory", metavar="DIR")
def check_export(directory: str) -> None:
    """Check the exports in DIR: a version, a model's folder or a base."""
    from nlgan_tf import export

    rows = []
    try:
        for row in export.check_export(directory):
            rows.append(row)
    finally:
        # The checks that passed are shown before the one that failed.
        _print_checks(rows)


def _print_checks(rows: list[dict]) -> None:
    checks: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        checks.setdefault((f"{row['model']}/{row['version']}", row["signature"]), []).append(row)
    table = []
    for names, runs in checks.items():
        batches = ", ".join(str(run["batch"]) for run in runs)
        milliseconds = ", ".join(f"{run['milliseconds']:.0f}" for run in runs)
        table.append((*names, batches, milliseconds, f"{max(run['deviation'] for run in runs):.1e}"))
    print_table(("model", "signature", "rows", "ms, first calls", "off from Keras, of the range"), table)
