"""check-export: is a version whole, does it load by itself, and does it answer as its Keras model did?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nlgan_tf.errors import InputError
from nlgan_tf.export import replay
from nlgan_tf.export.manifest import check_manifest
from nlgan_tf.export.publish import versions
from nlgan_tf.export.servable import EXAMPLE_BATCHES
from nlgan_tf.export.warmup import TOLERANCE

# Keras and this package are as if not installed: TensorFlow itself would import Keras where it is found.
CLEAN_PROCESS = """
import sys
sys.modules.update(dict.fromkeys(("keras", "tf_keras", "nlgan_tf")))
exec(compile(open(sys.argv[1]).read(), sys.argv.pop(1), "exec"))
"""


def check_export(directory: str | os.PathLike) -> Iterator[dict]:
    """Checks a version directory, or all versions below a model's folder or a base.

    First the manifest: a SavedModel is code, and nothing that the manifest does not cover is loaded. Then, in a
    process with TensorFlow but neither Keras nor this package, every signature at batch 1, 3 and 64, by the
    warm-up records, which carry the Keras model's own answers.

    Yields:
        As soon as it is known, a record's `model`, `version`, `signature`, `batch`, `milliseconds` and `deviation`
        from the Keras model, relative to the range of the output.

    Raises:
        InputError: for a folder without versions, and for the first version that does not pass.
    """
    for version_dir in _version_dirs(Path(directory).expanduser().absolute()):
        check_manifest(version_dir)
        *rows, summary = _replay_in_a_clean_process(version_dir)
        for row in rows:
            yield {"model": version_dir.parent.name, "version": version_dir.name, **row}
            if row["deviation"] > TOLERANCE:
                raise InputError(
                    f"{version_dir} answers {row['signature']} at batch {row['batch']} unlike its Keras model: "
                    f"{row['deviation']:.1e} of the range, accepted is {TOLERANCE:.0e}"
                )
        wanted = {(name, batch) for name in summary["signatures"] for batch in EXAMPLE_BATCHES}
        missing = sorted(wanted - {(row["signature"], row["batch"]) for row in rows})
        if missing:
            raise InputError(f"{version_dir} has no record of {missing[0][0]} at batch {missing[0][1]}")


def _version_dirs(directory: Path) -> list[Path]:
    if (directory / "saved_model.pb").is_file() or directory.name.isdecimal():
        return [directory]
    folders = [directory, *sorted(path for path in directory.glob("*") if path.is_dir())]
    found = [folder / str(version) for folder in folders for version in versions(folder)]
    if not found:
        raise InputError(f"{directory} has no exported model: accepted is a version, a model's folder or a base")
    return found


def _replay_in_a_clean_process(version_dir: Path) -> list[dict]:
    command = [sys.executable, "-c", CLEAN_PROCESS, replay.__file__, str(version_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise InputError(f"{version_dir} does not run in a process of its own: {reason}")
    return [json.loads(line) for line in done.stdout.splitlines()]
