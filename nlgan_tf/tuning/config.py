"""SearchConfig: the settings of a search, with what each accepts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from nlgan_tf.config import check_fields, option
from nlgan_tf.files import check_no_pattern
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.folder import slug
from nlgan_tf.tuning.objectives import DEFAULT_OBJECTIVE, NEEDS_CLEAN_LABELS, OBJECTIVES, check_objective
from nlgan_tf.tuning.space import DEFAULT, SearchSpace

# Classes of keras-tuner by their names here, as text: `--help` need not wait for TensorFlow.
TUNERS = {
    "random": "RandomSearch",
    "bayesian": "BayesianOptimization",
    "hyperband": "Hyperband",
    "grid": "GridSearch",
}
TRIALS = 12


@dataclass(frozen=True)
class SearchConfig:
    """What is searched, by what and for how long; InputError for values that are not accepted.

    Attributes:
        run: Run whose stage one is tuned.
        tune: Settings to search, as `SearchSpace` takes them: names with their values, or with None for the default.
    """

    run: RunConfig
    tuner: str = option("bayesian", "Tuner of keras-tuner", choices=tuple(TUNERS))
    objective: str = option(
        DEFAULT_OBJECTIVE, f"Figure of merit that is maximised; {NEEDS_CLEAN_LABELS} needs --clean", choices=OBJECTIVES
    )
    tune: dict = field(default_factory=lambda: dict.fromkeys(DEFAULT))
    trials: int | None = option(
        None, f"Most trials; by default {TRIALS}, or no limit with --minutes or hyperband", above=0
    )
    minutes: float | None = option(None, "Minutes after which no further trial starts; no limit by default", above=0)
    trial_epochs: int | None = option(
        None, "Epochs of stage one in a trial; half of the run's by default; hyperband chooses its own", above=0
    )
    validation_split: float = option(0.2, "Share of the images that is held out to judge by", above=0, below=1)
    clean: str | None = option(None, f".npz file of images with true labels, for {NEEDS_CLEAN_LABELS}")
    grid_points: int = option(4, "Values that the tuner grid cuts a range into", least=2)
    project: str | None = option(None, "Folder of the search; tuning/TASK by default")
    overwrite: bool = option(False, "Deletion of the search that the folder holds")

    def __post_init__(self) -> None:
        check_fields(self)
        check_objective(self.objective, has_clean_labels=self.clean is not None)
        SearchSpace(self.tune, self.run.stage_one)
        # keras-tuner looks for the trials of an earlier search by pattern.
        check_no_pattern(self.folder)

    @property
    def folder(self) -> Path:
        """The project folder, absolute."""
        return Path(self.project or Path("tuning") / slug(self.run.task)).expanduser().absolute()

    @property
    def epochs(self) -> int:
        """Epochs of stage one in a trial."""
        return self.trial_epochs or math.ceil(self.run.stage_one.epochs / 2)

    @property
    def most_trials(self) -> int | None:
        """The budget in trials; None for no limit."""
        return TRIALS if self.trials is None and self.minutes is None and self.tuner != "hyperband" else self.trials
