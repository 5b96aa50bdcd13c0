"""Checkpoints of a training: Keras's weight files with their state, each in a folder that appears whole."""

from __future__ import annotations

import errno
import json
import math
import os
import resource
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.files import sha256, whole_folder, write_text

WEIGHTS, STATE, SUMS = "model.weights.h5", "state.json", "SHA256SUMS"


class Checkpoints:
    """The last checkpoints of one training, `folder/000001/`, `folder/000002/` and so on.

    Each holds the model's weights with its optimizers and counters (`Model.save_weights`), a JSON state, and the
    SHA-256 of both as `sha256sum --check` reads them.

    Args:
        folder: Folder of the checkpoints, made with the first one.
        owner: Digest of configuration and data; a checkpoint of another owner is refused.
        keep: Number of checkpoints that are kept.
        say: Function that is called with a line about a damaged checkpoint.
    """

    def __init__(self, folder: Path, owner: str, keep: int = 2, say: Callable[[str], None] = print) -> None:
        self.folder, self.owner, self.keep, self.say = folder, owner, keep, say

    def save(self, model: keras.Model, state: dict) -> None:
        """Writes the next checkpoint, then deletes the oldest beyond `keep`."""
        present = self._present()
        number = int(present[-1].name) + 1 if present else 1
        _check_size_limit(model, self.folder)
        with whole_folder(self.folder / f"{number:06d}") as temporary:
            model.save_weights(temporary / WEIGHTS)
            write_text(temporary / STATE, json.dumps({"owner": self.owner, **state}))
            sums = "".join(f"{sha256(temporary / name)}  {name}\n" for name in (WEIGHTS, STATE))
            write_text(temporary / SUMS, sums)
        for path in self._present()[: -self.keep]:
            shutil.rmtree(path)

    def restore(self, model: keras.Model) -> dict | None:
        """Loads the newest whole checkpoint into the model.

        Returns:
            The state of the checkpoint; None without a checkpoint.

        Raises:
            InputError: If all are damaged, or the newest whole one belongs to another configuration or data set.
        """
        present = self._present()
        for path in reversed(present):
            if not _is_whole(path):
                self.say(f"Checkpoint {path} is damaged: falling back to the one before it.")
                continue
            state = json.loads((path / STATE).read_text(encoding="utf-8"))
            if state.pop("owner") != self.owner:
                raise InputError(f"Expected the run's own checkpoint, got {path} of another configuration or data set")
            try:
                with warnings.catch_warnings():
                    # Keras only warns of a layer that the file does not hold.
                    warnings.simplefilter("error", UserWarning)
                    model.load_weights(path / WEIGHTS)
            except (ValueError, UserWarning) as error:
                raise InputError(f"Expected a checkpoint of this model, got {path}, which does not fit") from error
            return state
        if present:
            raise InputError(
                f"Expected a whole checkpoint in {self.folder}, got damaged ones alone: delete the folder to train anew"
            )
        return None

    def _present(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*") if path.name.isdigit())


class NoCheckpoints:
    """The checkpoints of a training that saves none."""

    def save(self, model: keras.Model, state: dict) -> None:
        """Saves nothing."""

    def restore(self, model: keras.Model) -> None:
        """Finds nothing."""


def _is_whole(path: Path) -> bool:
    """Whether both files are what SHA256SUMS says."""
    try:
        lines = (path / SUMS).read_text(encoding="utf-8").splitlines()
        sums = dict(reversed(line.split("  ")) for line in lines)
        return all(sums[name] == sha256(path / name) for name in (WEIGHTS, STATE))
    except (OSError, ValueError, KeyError):
        return False


def _check_size_limit(model: keras.Model, folder: Path) -> None:
    """OSError where `ulimit -f` is below a checkpoint's size: HDF5 crashes the process when a write fails late."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    # With Adam's two slots; beside its values each array takes up to 2 KB of the file.
    weights = 3 * model.trainable_weights + model.non_trainable_weights
    size = sum(4 * math.prod(weight.shape) + 2048 for weight in weights)
    if limit != resource.RLIM_INFINITY and size > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(folder))
