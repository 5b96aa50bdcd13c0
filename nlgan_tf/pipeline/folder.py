"""The run folder: taken at the start, it says that it is unfinished until the run's last act."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from nlgan_tf.data.sources import PHOTOGRAPH_SOURCES, TASK_SOURCES
from nlgan_tf.errors import InputError
from nlgan_tf.files import (
    HIDDEN,
    LOCK,
    check_no_pattern,
    deleted_if_unused,
    make_folder,
    read_json,
    sha256,
    write_text,
)
from nlgan_tf.pipeline.config import RunConfig

# What a run writes, from its folder on.
CONFIG, METRICS, TIMINGS, UNFINISHED = "config.json", "metrics.json", "timings.json", "unfinished.json"
HISTORY, SAMPLES, SAVED_MODELS, REPORT = "history.csv", "samples.png", "saved_models", "report.html"
LOG = "run.log"
# Pictures of what is drawn beside SAMPLES: paths from image to image, and the nearest real images.
INTERPOLATION, NEIGHBOURS = "interpolation.png", "neighbours.png"
DATASET, DATASET_MANIFEST = "clean_dataset.npz", "clean_dataset.json"
# P(truly positive) of originals.
POSTERIOR = "posterior.npz"
CHECKPOINTS, TENSORBOARD = "checkpoints", "tensorboard"
NLGAN_FILE, CLASSIFIER_FILE = f"{CHECKPOINTS}/nlgan.keras", f"{CHECKPOINTS}/classifier.keras"
# The NLGAN whose generators draw, where they were refined after stage one.
REFINED_FILE = f"{CHECKPOINTS}/refined.keras"
# What several seeds write.
SEEDS, SUMMARY = "seeds.json", "summary.json"
# Any of them shows that a folder is a run's, or several seeds'.
MARKERS = (CONFIG, SEEDS, SUMMARY)


def nlgan_file(fold: int) -> str:
    """The file of a fold's NLGAN."""
    return f"{CHECKPOINTS}/nlgan-{fold}.keras" if fold else NLGAN_FILE


def history_file(fold: int) -> str:
    """The history of a fold's stage one."""
    return f"history-{fold}.csv" if fold else HISTORY


@contextlib.contextmanager
def claimed_for(config: RunConfig) -> Iterator[Path]:
    """Yields the folder that a run writes; a new one goes if the block fails before anything is written to it.

    Making the folder is what claims it: two runs that start together get one each.

    Raises:
        FileExistsError: For a folder that exists and is not to be replaced.
        OSError: For a folder that cannot be written.
    """
    run_dir, new = _taken(config)
    with deleted_if_unused(run_dir, new):
        yield run_dir


def _taken(config: RunConfig) -> tuple[Path, bool]:
    """The folder of a run, and whether it was made here."""
    while True:
        run_dir = check_no_pattern(_next_free(config) if config.run_dir is None else given(config))
        if make_folder(run_dir):
            return run_dir, True
        if config.run_dir is not None:
            _check_replaceable(run_dir, config)
            return run_dir, False


def _check_replaceable(run_dir: Path, config: RunConfig) -> None:
    if not config.overwrite:
        hint = " (it is unfinished: --resume continues it)" if (run_dir / UNFINISHED).exists() else ""
        raise FileExistsError(f"Expected a new folder, got {run_dir}, which exists{hint}: --overwrite replaces it")
    if not _replaceable(run_dir):
        raise FileExistsError(f"Expected a run folder to replace, got {run_dir}, which is none")


def _replaceable(run_dir: Path) -> bool:
    """Whether it is a folder that is empty or a run's."""
    if not run_dir.is_dir():
        return False
    # A process killed at its first file leaves that one's hidden half alone.
    held = {path.name for path in run_dir.iterdir() if not HIDDEN.match(path.name) and path.name != LOCK}
    return not held or not held.isdisjoint(MARKERS)


def given(config: RunConfig) -> Path:
    """The folder that the configuration names."""
    return Path(config.run_dir).expanduser().absolute()


def _next_free(config: RunConfig) -> Path:
    number = 1
    while (folder := Path("runs") / f"{slug(config.task)}-{number}").exists():
        number += 1
    return folder.absolute()


def slug(task: str) -> str:
    """A task's name as part of a folder's."""
    source, _, rest = task.partition(":")
    if source in TASK_SOURCES:
        task = Path(rest).stem
    elif source in PHOTOGRAPH_SOURCES:
        task = Path(rest).expanduser().absolute().name or source
    return re.sub(r"[^\w.-]+", "_", task)


def is_finished(run_dir: Path) -> bool:
    """Whether the folder's run came to its end."""
    return (run_dir / METRICS).is_file() and not (run_dir / UNFINISHED).exists()


class RunState:
    """What is done of an unfinished run, in its `unfinished.json`.

    Args:
        run_dir: Folder of the run.
        owner: Digest of configuration and data.

    Raises:
        InputError: If the folder's run began with another owner.
    """

    def __init__(self, run_dir: Path, owner: str) -> None:
        self.run_dir = run_dir
        self.path = run_dir / UNFINISHED
        self.done: dict[str, dict] = {}
        self._before: set[str] = set()
        if not self.path.exists():
            self._write(owner)
            return
        state = read_json(self.path)
        if state["owner"] != owner:
            raise InputError(f"Expected the configuration and data that {run_dir} began with, got others")
        self.owner, self.done = state["owner"], state["done"]
        self._before = set(self.done)

    def has(self, phase: str) -> bool:
        """Whether the phase is done, and the files that it left are as it left them."""
        outputs = self.done.get(phase, {}).get("outputs")
        return outputs is not None and all(
            (self.run_dir / name).exists() and sha256(self.run_dir / name) == known for name, known in outputs.items()
        )

    def resumed(self, phase: str) -> bool:
        """Whether an earlier process did the phase."""
        return phase in self._before

    def record(self, phase: str, seconds: float, outputs: tuple[str, ...] = (), result: object = None) -> None:
        """The phase is done."""
        known = {name: sha256(self.run_dir / name) for name in outputs}
        self._before.discard(phase)
        self.done[phase] = {"seconds": round(seconds, 3), "outputs": known, "result": result}
        self._write(self.owner)

    def delete_checkpoints(self) -> None:
        """Deletes those of trainings, when all are done."""
        for path in (self.run_dir / CHECKPOINTS).iterdir():
            if path.is_dir():
                shutil.rmtree(path)

    def finish(self, metrics: dict) -> None:
        """The run is done; last of all `unfinished.json` goes."""
        timings = {phase: done["seconds"] for phase, done in self.done.items()}
        write_text(self.run_dir / TIMINGS, json.dumps(timings, indent=2) + "\n")
        write_text(self.run_dir / METRICS, json.dumps(metrics, indent=2) + "\n")
        self.path.unlink()

    def _write(self, owner: str) -> None:
        self.owner = owner
        write_text(self.path, json.dumps({"owner": owner, "done": self.done}, indent=2) + "\n")
