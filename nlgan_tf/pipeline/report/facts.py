"""What the sections of the page read: the parts of a finished run, and the reason of each part that is missing."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.scored_task import ScoredTask, scored


class RunFacts:
    """A finished run as its page tells it.

    Args:
        run: The run.

    Attributes:
        reasons: Reason of each part that `part` returned None for, one sentence by the part's name.
    """

    def __init__(self, run: FinishedRun) -> None:
        self.run = run
        self.reasons: dict[str, str] = {}

    def part(self, name: str) -> Any:
        """Returns a property of the `FinishedRun`, or None where the part cannot be read, with its reason noted."""
        try:
            return getattr(self.run, name)
        except (InputError, OSError) as error:
            self.reasons[name] = f"{' '.join(str(error).split()).rstrip('.')}."
            return None

    @functools.cached_property
    def task(self) -> ImageTask | None:
        """Images and noisy labels; None where the data are gone, or are no longer those of the run."""
        task, posterior = self.part("task"), self.part("posterior")
        if task is None:
            return None
        count = len(task.images) if posterior is None else len(posterior)
        if task.images.shape != (count, *self.run.drawn.image_shape):
            self.reasons["task"] = "they have changed since the run."
            return None
        return task

    @property
    def judges_originals(self) -> bool:
        """Whether the run gave each original a posterior."""
        return self.run.config.judges_originals

    @functools.cached_property
    def scored(self) -> ScoredTask | None:
        """Images with the quality of their labels; None without posterior or without the data."""
        if not self.judges_originals:
            self.reasons["scored"] = "A run of this recipe learns from drawn images alone, and judges no single label."
            return None
        if self.task is None:
            self.reasons["scored"] = self.without_data
            return None
        if self.part("posterior") is None:
            self.reasons["scored"] = self.reasons["posterior"]
            return None
        return scored(self.run)

    @property
    def without_data(self) -> str:
        """One sentence for what the page lacks where the data are gone."""
        return f"The images of {self.run.config.task} cannot be read again: {self.reasons['task']}"

    @property
    def class_names(self) -> tuple[str, str]:
        """Names (negative, positive)."""
        return self.run.drawn.class_names

    @property
    def counts(self) -> tuple[int, int] | None:
        """Numbers of noisy positives and noisy negatives; None where the data are gone."""
        if self.task is None:
            return None
        positives = int(np.sum(self.task.noisy_labels))
        return positives, len(self.task.noisy_labels) - positives
