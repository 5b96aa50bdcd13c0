"""The command `nlgan-tf figures`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run_dirs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", default="figures", show_default=True, type=click.Path(path_type=Path), help="Folder to write")
@click.option("--data-dir", help="Folder of TensorFlow Datasets; TFDS_DATA_DIR by default")
def figures(run_dirs: tuple[Path, ...], out: Path, data_dir: str | None) -> None:
    """Draw figure 3 of the paper and the learning curves of runs, a row for each run folder."""
    from nlgan_tf.reproduce.figures import write_figures

    for path in write_figures(run_dirs, out, data_dir):
        click.echo(f"Wrote {path}")
