"""Checks of exports: a version is whole, loads without Keras, and answers as its Keras model."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from nlgan_tf.errors import InputError
from nlgan_tf.export import replay
from nlgan_tf.export.manifest import check_manifest
from nlgan_tf.export.publish import versions
from nlgan_tf.export.servable import EXAMPLE_BATCHES, tolerance_of
from nlgan_tf.files import check_no_pattern

# Keras and this package look as if not installed: TensorFlow itself imports a Keras that it finds.
CLEAN_PROCESS = """
import sys
sys.modules.update(dict.fromkeys(("keras", "tf_keras", "nlgan_tf")))
exec(compile(open(sys.argv[1]).read(), sys.argv.pop(1), "exec"))
"""


def check_export(directory: str | os.PathLike) -> Iterator[dict]:
    """Checks a version directory, or all versions below a model's folder or a base.

    The manifest comes first: a SavedModel is code, and nothing that the manifest does not cover is loaded. Then a
    process with TensorFlow but neither Keras nor this package runs every signature at batch 1, 3 and 64, by the
    warm-up records, which contain the Keras model's answers.

    Args:
        directory: Version directory, folder of a model, or base.

    Yields:
        For each record of a version that ran: `model`, `version`, `signature`, `batch`, `milliseconds` and `deviation`
        from the Keras model, relative to the range of the output.

    Raises:
        InputError: For a folder without versions, and for the first version that does not pass.
    """
    version_dirs = _version_dirs(check_no_pattern(Path(directory).expanduser().absolute()))
    with _clean_process() as replayed:
        for version_dir in version_dirs:
            yield from _check_version(version_dir, replayed)


def _check_version(version_dir: Path, replayed: Callable[[Path], list[dict]]) -> Iterator[dict]:
    tolerance = tolerance_of(check_manifest(version_dir))
    *rows, summary = replayed(version_dir)
    for row in rows:
        yield {"model": version_dir.parent.name, "version": version_dir.name, **row}
        if row["deviation"] > tolerance:
            raise InputError(
                f"Expected {version_dir} to answer {row['signature']} at batch {row['batch']} within "
                f"{tolerance:.0e} of the range of its Keras model's answer, got {row['deviation']:.1e}"
            )
    wanted = {(name, batch) for name in summary["signatures"] for batch in EXAMPLE_BATCHES}
    missing = sorted(wanted - {(row["signature"], row["batch"]) for row in rows})
    if missing:
        raise InputError(
            f"Expected a warm-up record of {missing[0][0]} at batch {missing[0][1]} in {version_dir}, got none"
        )


def _version_dirs(directory: Path) -> list[Path]:
    if (directory / "saved_model.pb").is_file() or directory.name.isdecimal():
        return [directory]
    folders = [directory, *sorted(path for path in directory.glob("*") if path.is_dir())]
    found = [folder / str(version) for folder in folders for version in versions(folder)]
    if not found:
        raise InputError(f"Expected a version, a model's folder or a base, got {directory} without an exported model")
    return found


@contextlib.contextmanager
def _clean_process() -> Iterator[Callable[[Path], list[dict]]]:
    """Yields a function that runs the records of a version in one process of its own: TensorFlow loads once for all."""
    command = [sys.executable, "-c", CLEAN_PROCESS, replay.__file__]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):

        def replayed(version_dir: Path) -> list[dict]:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(str(version_dir)) + "\n")
                process.stdin.flush()
            rows = []
            for line in process.stdout:
                rows.append(json.loads(line))
                if "signatures" in rows[-1]:
                    return rows
            code = process.wait()
            errors.seek(0)
            reason = (errors.read().strip().splitlines() or [f"exit code {code}"])[-1]
            raise InputError(f"Expected {version_dir} to run in a process of its own, got: {reason}")

        try:
            yield replayed
        finally:
            process.kill()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
