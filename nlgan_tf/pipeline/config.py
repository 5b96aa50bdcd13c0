"""RunConfig: the settings of one run of both stages, to JSON and back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlgan_tf.config import (
    PRECISIONS,
    STRATEGIES,
    StageOneConfig,
    StageTwoConfig,
    check_fields,
    judges_originals,
    option,
)
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.sources import ACCEPTED, CLASS_SOURCES, check_reading, check_source
from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.later import LATER
from nlgan_tf.recipes import RECIPES, check_recipe

# Purities that true labels are corrupted to where none are stated: the paper's middle noise level.
SIMULATED = (0.7, 0.85)
UNSTATED = "by default estimated for data of one's own, and {} for true labels, which are corrupted"
# Headings of `--help`.
DATA, NOISE, TRAINING, OUTPUT, DEVICE_GROUP = "Data", "Noise", "Training", "Output", "Devices"
# Settings of a task: another task has its own.
OF_TASK = {
    "pi_p": None,
    "pi_n": None,
    "corrupt": None,
    **{item.name: item.default for item in dataclasses.fields(Reading)},
}
# Settings that say where and how safely, not what is computed.
PLACES = ("run_dir", "data_dir", "overwrite", "checkpoint_seconds", "keep_checkpoints", "tensorboard", "export")
DEVICES = ("strategy", "devices")


@dataclass(frozen=True)
class RunConfig:
    """One run of both stages.

    `stage_one` and `stage_two` are the recipe's unless given. Each field's meaning stands beside it;
    InputError for a value that is not accepted.
    """

    task: str = option("digits:5,7-vs-2,4", f"Images and labels: {ACCEPTED}", group=DATA)
    size: int | None = option(
        None, "Training images kept, shared among the subclasses; all by default", above=0, group=DATA
    )
    scale: float | None = option(
        None, "Factor on the values of the images: 255 for floats in [0, 1]", above=0, group=DATA
    )
    pi_p: float | None = option(
        None,
        f"Share of right labels among the noisy positives; {UNSTATED.format(SIMULATED[0])}",
        above=0,
        most=1,
        group=NOISE,
    )
    pi_n: float | None = option(
        None,
        f"Share of right labels among the noisy negatives; {UNSTATED.format(SIMULATED[1])}",
        above=0,
        most=1,
        group=NOISE,
    )
    estimate_priors: bool = option(
        False, "Estimate of the purities from D's outputs; pi_p and pi_n corrupt true labels alone", group=NOISE
    )
    corrupt_first: bool = option(
        False, "Corruption of the full set before --size reduces the set, as the paper words it", group=NOISE
    )
    recipe: str = option("modern", "Settings of both stages by name", choices=tuple(RECIPES), group=TRAINING)
    features: str | None = option(
        None,
        "Frozen Keras model of images in [0, 255], a .keras file or a name of keras.applications such as "
        "EfficientNetB0 with its ImageNet weights: one more judge of the original labels",
        group=TRAINING,
    )
    seed: int = option(0, "Seed of everything random in the run", least=0, group=TRAINING)
    data_dir: str | None = option(None, "Folder of TensorFlow Datasets; TFDS_DATA_DIR by default", group=DATA)
    run_dir: str | None = option(None, "Folder to write; the next free runs/NAME-K by default", group=OUTPUT)
    overwrite: bool = option(False, "Replacement of an existing run folder", group=OUTPUT)
    strategy: str = option(
        "auto", "Devices of stage one; multiworker reads TF_CONFIG", choices=STRATEGIES, group=DEVICE_GROUP
    )
    devices: str | None = option(
        None,
        "Devices for mirrored: GPU:0,GPU:1 and so on, or their number; all GPUs by default",
        group=DEVICE_GROUP,
    )
    precision: str = option(
        "float32",
        "Precision of the networks' products; auto: bfloat16 if the GPU or processor multiplies bfloat16, else float32",
        choices=PRECISIONS,
        group=DEVICE_GROUP,
    )
    on_non_finite: str = option(
        "lower",
        "Answer to a loss that is NaN; lower: the last checkpoint with lower learning rates; stop: the end of the run",
        choices=("lower", "stop"),
        group=TRAINING,
    )
    compare: bool = option(True, "Classifiers on the noisy and on the true labels too, to compare with", group=TRAINING)
    checkpoint_seconds: float = option(
        60.0, "Least time between checkpoints, which are taken at epoch ends", least=0, group=OUTPUT
    )
    keep_checkpoints: int = option(2, "Checkpoints kept while a network trains", least=2, group=OUTPUT)
    tensorboard: bool = option(
        False, "Event files for TensorBoard in the run folder: losses, drawn images, D's outputs", group=OUTPUT
    )
    export: bool = option(
        True, "SavedModels in the run folder; nlgan-tf export writes those of a finished run, too", group=OUTPUT
    )
    image_size: int | None = option(
        None,
        "Side of a folder's images, a multiple of 4; by default the median of their shorter sides, in 16 to 40",
        least=4,
        group=DATA,
    )
    positive: str | None = option(
        None, "Positive classes NAME[,NAME] of a folder or .npz file, against the rest", group=DATA
    )
    skip_unreadable: bool = option(False, "Leaving out a folder's files that cannot be read", group=DATA)
    file_column: str = option("file_name", "Column of a label file with the names of the images", group=DATA)
    label_column: str = option("label", "Column of a label file with the labels", group=DATA)
    corrupt: bool | None = option(
        None,
        f"Simulated noise in labels that are true; by default of {', '.join(CLASS_SOURCES)} alone",
        group=NOISE,
    )
    stage_one: StageOneConfig | None = None
    stage_two: StageTwoConfig | None = None

    def __post_init__(self) -> None:
        for name, default in vars(check_recipe(self.recipe)).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        check_fields(self)
        check_reading(self.task, self.reading)
        if (self.pi_p is None) != (self.pi_n is None):
            raise InputError(f"Expected pi_p and pi_n, or neither; got pi_p={self.pi_p}, pi_n={self.pi_n}")
        if self.corrupt_first and self.corrupt is False:
            raise InputError("Expected corrupt_first or no corruption, got both")
        if self.pi_p is None and self.corrupts:
            # True labels are there to be corrupted; data of one's own bring their noise with them.
            for name, value in zip(("pi_p", "pi_n"), SIMULATED, strict=True):
                object.__setattr__(self, name, value)
        _ = self.priors

    @property
    def reading(self) -> Reading:
        """How photographs of a folder are read."""
        return Reading(**{item.name: getattr(self, item.name) for item in dataclasses.fields(Reading)})

    @property
    def corrupts(self) -> bool:
        """Whether the labels of the source count as true and get simulated noise."""
        return check_source(self.task)[0] in CLASS_SOURCES if self.corrupt is None else self.corrupt

    @property
    def priors(self) -> NoisePriors | None:
        """Stated purities, or those of a simulation; None where the labels' own noise is to be estimated."""
        return None if self.pi_p is None else NoisePriors(self.pi_p, self.pi_n)

    @property
    def judges_originals(self) -> bool:
        """Whether the run gives each original a posterior, for the classifier or for the generators."""
        return judges_originals(self.stage_one, self.stage_two)

    def with_absolute_paths(self) -> RunConfig:
        """The same settings, whose files and folders are found from any working directory."""
        places = {name: _absolute(getattr(self, name)) for name in ("features", "data_dir")}
        return dataclasses.replace(self, task=_located(self.task), **places)

    def settings(self, without: Collection[str] = ()) -> dict[str, Any]:
        """All that decides the result, less the fields `without`: equal settings on equal data give equal bytes."""
        values = dataclasses.asdict(self)
        for path, before in LATER.items():
            stage, _, name = path.rpartition(".")
            part = values[stage] if stage else values
            if part[name] == before:
                del part[name]
        return {name: value for name, value in values.items() if name not in {*PLACES, *without}}

    def to_json(self) -> str:
        """The whole configuration, the stages' settings included."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, **given: Any) -> RunConfig:
        """Returns the configuration that `to_json` wrote; keys that are left out take their defaults.

        Args:
            text: JSON object.
            **given: Fields that win over those of the text. Another task has purities and labels of its own.

        Raises:
            InputError: For text that is no JSON object, unknown keys, or values that are not accepted.
        """
        values = _object(text)
        parts = {"stage_one": StageOneConfig, "stage_two": StageTwoConfig}
        _check_keys(cls, values)
        if "task" in values and _located(given.get("task", values["task"])) != _located(values["task"]):
            values |= OF_TASK
        values |= given
        recipe = RECIPES.get(str(values.get("recipe", cls.recipe)))
        for name, part in parts.items():
            if values.get(name) is not None:
                _check_keys(part, values[name])
                base = getattr(recipe, name) if recipe else part()
                values[name] = dataclasses.replace(base, **values[name])
        return cls(**values)

    @classmethod
    def of_run(cls, text: str) -> RunConfig:
        """Returns the configuration of a run folder's config.json, which an earlier version may have written.

        `to_json` writes all fields: one that is missing is of a later version, and means what was done before it.
        Errors are those of `from_json`.
        """
        values = _object(text)
        _check_keys(cls, values)
        for path, before in LATER.items():
            stage, _, name = path.rpartition(".")
            part = values.get(stage) if stage else values
            if isinstance(part, dict):
                part.setdefault(name, before)
        return cls.from_json(json.dumps(values))


def _located(task: str) -> str:
    """A task by the absolute path of its file or folder, if it has one."""
    source, rest = check_source(task)
    return task if source in CLASS_SOURCES else f"{source}:{_absolute(rest)}"


def _absolute(path: str | None) -> str | None:
    """The absolute path of a file or folder that exists; else, such as a name or an address, the text as it is."""
    if path is None or not Path(path).expanduser().exists():
        return path
    return str(Path(path).expanduser().absolute())


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"Expected the configuration to be JSON, got other text: {error}") from error


def _check_keys(cls: type, values: object) -> None:
    accepted = [item.name for item in dataclasses.fields(cls)]
    if not isinstance(values, dict):
        raise InputError(f"Expected the configuration to be an object with {', '.join(accepted)}; got {values!r}")
    for key in values:
        if key not in accepted:
            raise InputError(f"Expected the configuration's keys to be among {', '.join(accepted)}; got {key!r}")
