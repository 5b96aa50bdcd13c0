"""A finished run, as its folder tells it: the one reader for exports, figures, tables and benchmarks."""

from __future__ import annotations

import csv
import dataclasses
import functools
import itertools
import os
from pathlib import Path

import numpy as np

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.sources import load_task
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.export.manifest import NAME as MANIFEST
from nlgan_tf.files import read_json
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.models import load_model
from nlgan_tf.noise_rates.callback import PRIORS
from nlgan_tf.noise_rates.estimate import PriorsEstimate
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.folder import (
    CLASSIFIER_FILE,
    CONFIG,
    DATASET,
    DATASET_MANIFEST,
    HISTORY,
    METRICS,
    NLGAN_FILE,
    POSTERIOR,
    REFINED_FILE,
    SAVED_MODELS,
    TIMINGS,
    UNFINISHED,
    history_file,
    nlgan_file,
)
from nlgan_tf.pipeline.prepare import prepare_task


class FinishedRun:
    """A run folder whose run came to its end; each part is read when it is first asked for.

    Args:
        run_dir: Folder that `nlgan-tf run` or `nlgan_tf.run` wrote.
        data_dir: Folder of TensorFlow Datasets, in place of the run's own.
        nlgan, task: Parts that are in memory, and need not be read.

    Raises:
        InputError: For a folder that holds no run or an unfinished one, here; for a part that is missing or damaged,
            when that part is asked for.
    """

    def __init__(
        self,
        run_dir: str | os.PathLike,
        data_dir: str | None = None,
        *,
        nlgan: NLGAN | None = None,
        task: ImageTask | None = None,
    ) -> None:
        self.run_dir = Path(run_dir).expanduser()
        self.data_dir = data_dir
        self._nlgan, self._task = nlgan, task
        if not (self.run_dir / CONFIG).is_file():
            raise InputError(f"Expected a run folder, got {self.run_dir} without {CONFIG}")
        if (self.run_dir / UNFINISHED).exists():
            raise InputError(
                f"Expected a finished run, got the unfinished {self.run_dir}: nlgan-tf run --resume goes on"
            )

    @functools.cached_property
    def config(self) -> RunConfig:
        """Settings of the run."""
        config = RunConfig.of_run(self.path(CONFIG).read_text(encoding="utf-8"))
        return config if self.data_dir is None else dataclasses.replace(config, data_dir=self.data_dir)

    @functools.cached_property
    def metrics(self) -> dict:
        """Content of metrics.json: accuracies on clean test labels, and settings."""
        return read_json(self.path(METRICS))

    @functools.cached_property
    def timings(self) -> dict[str, float]:
        """Seconds by phase."""
        return read_json(self.path(TIMINGS))

    @property
    def deltas(self) -> dict[str, float]:
        """`delta_p` and `delta_n` that the run trained with, of stated or of estimated priors."""
        names = "delta_p", "delta_n"
        if (self.run_dir / PRIORS).is_file():
            estimated = read_json(self.path(PRIORS))
            return {name: estimated[name] for name in names}
        return {name: getattr(self.config.priors, name) for name in names}

    @functools.cached_property
    def estimate(self) -> PriorsEstimate | None:
        """Estimate of the purities that the run trained with; None where they were stated."""
        if not (self.run_dir / PRIORS).is_file():
            return None
        return PriorsEstimate.from_dict(read_json(self.path(PRIORS)))

    @property
    def priors(self) -> NoisePriors:
        """Purities that the run trained with, stated or estimated."""
        return self.config.priors if self.estimate is None else self.estimate.priors

    @functools.cached_property
    def posterior(self) -> np.ndarray:
        """P(truly positive) of each original image, float32, shape (n,)."""
        if not self.config.judges_originals:
            raise InputError(
                f"Expected a run that judges its originals, got {self.run_dir} without posteriors: nlgan-tf score "
                "--task trains stage one alone"
            )
        with np.load(self.path(POSTERIOR)) as posterior:
            return posterior["originals"]

    @functools.cached_property
    def history(self) -> dict[str, list[float]]:
        """Numbers of history.csv by column, a value an epoch; the sentences of the column `event` are left out."""
        rows = _rows(self.path(HISTORY))
        try:
            return {column: [float(row[column]) for row in rows] for column in (rows or [{}])[0] if column != "event"}
        except (KeyError, TypeError, ValueError):
            path = self.run_dir / HISTORY
            raise InputError(f"Expected whole rows of numbers in {path}, got a torn or foreign file") from None

    @functools.cached_property
    def events(self) -> list[str]:
        """Sentences of the column `event` in the histories of all folds, one string an epoch that has any."""
        histories = (self.path(history_file(fold)) for fold in range(self.folds))
        return [row["event"] for history in histories for row in _rows(history) if row.get("event")]

    @property
    def folds(self) -> int:
        """Number of NLGANs that stage one trained."""
        return next(fold for fold in itertools.count(1) if not (self.run_dir / nlgan_file(fold)).exists())

    @functools.cached_property
    def versions(self) -> dict[str, str]:
        """Versions of the packages that the run was computed with, by name."""
        return read_json(self.path(f"{SAVED_MODELS}/classifier/1/{MANIFEST}")).get("versions", {})

    @functools.cached_property
    def task(self) -> ImageTask:
        """Training images with the run's noisy labels, and test images."""
        return self._task or prepare_task(self.config)

    @functools.cached_property
    def drawn(self) -> ImageTask:
        """Clean data set: drawn images, their labels, and the names of both classes."""
        return load_task(f"npz:{self.path(DATASET)}")

    @functools.cached_property
    def drawn_manifest(self) -> dict:
        """Manifest of the clean data set: SHA-256, counts and source."""
        return read_json(self.path(DATASET_MANIFEST))

    def nlgan(self) -> NLGAN:
        """The trained NLGAN, of several folds the first, with its three optimizers; refined, if the run refined."""
        if self._nlgan is None:
            refined = (self.run_dir / REFINED_FILE).exists()
            self._nlgan = load_model(self.path(REFINED_FILE if refined else NLGAN_FILE))
        return self._nlgan

    def classifier(self) -> keras.Model:
        """The classifier of stage two: images in [-1, 1] -> logits (n, 1)."""
        return load_model(self.path(CLASSIFIER_FILE))

    def path(self, name: str) -> Path:
        """Path of one of the run's files; InputError if the file is missing."""
        path = self.run_dir / name
        if not path.is_file():
            raise InputError(f"Expected a finished run's {name} in {self.run_dir}, got no such file")
        return path


def _rows(path: Path) -> list[dict[str, str]]:
    # Not by numpy: an event with a comma is quoted.
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
