"""What a run is: frozen, validated dataclasses that go to JSON and back. The three recipes are three of them."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import typing
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.task import check_batches
from nlgan_tf.installed import DEFAULT_SPECTRAL_NORM

STRATEGIES = ("auto", "none", "mirrored", "multiworker")
ON_NON_FINITE = ("lower", "stop")


def _option(default: Any, doc: str) -> Any:
    """A field that also is a command-line option; `doc` is its help text."""
    return field(default=default, metadata={"doc": doc})


def _check_keys(cls: type, values: Any) -> None:
    accepted = [item.name for item in dataclasses.fields(cls)]
    if not isinstance(values, dict):
        raise ValueError(f"the configuration holds {values!r}: accepted is an object with {', '.join(accepted)}")
    for key in values:
        if key not in accepted:
            raise ValueError(f"the configuration has the unknown key {key!r}: accepted are {', '.join(accepted)}")


# Read anew they would take most of the time of reading a results file, whose every line is checked as a run.
_type_hints = functools.cache(typing.get_type_hints)


def _check_types(config: Any) -> None:
    for name, hint in _type_hints(type(config)).items():
        value = getattr(config, name)
        accepted = typing.get_args(hint) or (hint,)
        if type(value) is int and float in accepted:
            continue
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in accepted)
            raise ValueError(f"{name}={value!r} has the wrong type: accepted is {wanted}")


def _check_positive(config: Any, name: str) -> None:
    if not 0 < getattr(config, name) < math.inf:
        raise ValueError(f"{name}={getattr(config, name)} is out of range: accepted are finite values above 0")


def _check_share(config: Any, name: str) -> None:
    if not 0 <= getattr(config, name) < 1:
        raise ValueError(f"{name}={getattr(config, name)} is out of range: accepted are values in [0, 1)")


def _check_among(config: Any, name: str, accepted: Collection) -> None:
    if getattr(config, name) not in accepted:
        names = ", ".join(str(value).lower() for value in accepted)
        raise ValueError(f"{name}={getattr(config, name)!r} is unknown: accepted are {names}")


@dataclass(frozen=True)
class StageOneConfig:
    """Stage one: networks, losses and schedule (paper, sections 2.2 and 3.1).

    Each field's meaning stands beside it; ValueError for a value that is not accepted.
    """

    epochs: int = _option(40, "epochs of adversarial training")
    batch_size: int = _option(128, "real images a step, half of them labelled positive")
    samples_per_epoch: int = _option(10_000, "real images an epoch; small sets repeat")
    alpha: float = _option(5.0, "weight of the noisy-label terms, eq. (5)")
    beta: float = _option(0.5, "weight of the adversarial terms, eq. (5)")
    loss: str = _option("bce", "H of eqs. (2) to (5): bce or mse")
    width: float = _option(1.0, "factor on the size of every layer of D and G")
    spectral_norm: str | None = _option(DEFAULT_SPECTRAL_NORM, "exact, keras, addons (TF 2.15 alone) or none")
    spectral_layers: str = _option("convolutions", "layers of D that are normalised: convolutions or all")
    d_batch_norm: bool = _option(False, "batch norm in D")
    attention: bool = _option(False, "SAGAN's self-attention in D and G")
    dropout: float = _option(0.5, "rate in D's hidden FC layer")
    generator_dropout: bool = _option(False, "D's dropout also on in the generators' step")
    kernel_size: int = _option(4, "side of the generators' transposed kernels")
    batch_norm: str = _option("all", "hidden layers of G that are normalised: transposed or all")
    latent: str = _option("uniform", "distribution of z: uniform or normal")
    d_learning_rate: float = _option(2e-4, "Adam's learning rate of D")
    g_learning_rate: float = _option(2e-4, "Adam's learning rate of each generator")
    decay_share: float = _option(0.0, "share of the epochs in which both rates fall to 1/e; 0: constant")
    translation: float = _option(0.0, "largest shift of what D sees, as a share of the side; 0: none")
    translation_probability: float = _option(1.0, "share of those images that is shifted")

    def __post_init__(self) -> None:
        _check_types(self)
        for name in ("epochs", "batch_size", "samples_per_epoch", "alpha", "width", "kernel_size"):
            _check_positive(self, name)
        for name in ("d_learning_rate", "g_learning_rate"):
            _check_positive(self, name)
        check_batches(self.batch_size, self.samples_per_epoch)
        for name in ("beta", "decay_share"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)} is out of range: accepted are finite values from 0")
        if not 0 <= self.translation_probability <= 1:
            raise ValueError(
                f"translation_probability={self.translation_probability} is out of range: accepted is [0, 1]"
            )
        for name in ("dropout", "translation"):
            _check_share(self, name)
        _check_among(self, "loss", ("bce", "mse"))
        _check_among(self, "spectral_norm", ("exact", "keras", "addons", None))
        _check_among(self, "spectral_layers", ("convolutions", "all"))
        _check_among(self, "batch_norm", ("transposed", "all"))
        _check_among(self, "latent", ("uniform", "normal"))


@dataclass(frozen=True)
class StageTwoConfig:
    """Stage two: the drawn data set, the classifier and its schedule (paper, section 3.1).

    Each field's meaning stands beside it; ValueError for a value that is not accepted.
    """

    num_images: int = _option(10_000, "images drawn for the clean data set, half of each class")
    epochs: int = _option(25, "epochs of the classifier")
    batch_size: int = _option(128, "images a step, half of each class")
    samples_per_epoch: int = _option(10_000, "images an epoch; small sets repeat")
    learning_rate: float = _option(1e-4, "Adam's learning rate of the classifier")
    width: float = _option(1.0, "factor on the size of the classifier's layers")

    def __post_init__(self) -> None:
        _check_types(self)
        for name in ("epochs", "batch_size", "samples_per_epoch", "learning_rate", "width"):
            _check_positive(self, name)
        check_batches(self.batch_size, self.samples_per_epoch)
        if self.num_images < 4:
            raise ValueError(f"num_images={self.num_images} is too few: accepted are 4 and more")


@dataclass(frozen=True)
class Recipe:
    """A named pair of stage configurations."""

    stage_one: StageOneConfig
    stage_two: StageTwoConfig


RECIPES = {
    # The paper's text as it stands, with the project's decisions where it is silent.
    "literal": Recipe(
        StageOneConfig(spectral_layers="convolutions", kernel_size=3, batch_norm="transposed"),
        StageTwoConfig(),
    ),
    # The smallest departure from it that trains: docs/recipes.md lists each difference.
    "paper": Recipe(StageOneConfig(spectral_layers="all", g_learning_rate=1e-3, decay_share=0.3), StageTwoConfig()),
    # Half the width, and stopped before D memorises the wrong labels: minutes on a laptop.
    "modern": Recipe(
        StageOneConfig(epochs=10, width=0.5, spectral_layers="all", g_learning_rate=1e-3),
        StageTwoConfig(epochs=6, width=0.5, learning_rate=1e-3),
    ),
}


@dataclass(frozen=True)
class RunConfig:
    """One run of both stages.

    `stage_one` and `stage_two` are the recipe's unless given. Each field's meaning stands beside it;
    ValueError for a value that is not accepted.
    """

    task: str = _option("digits:5,7-vs-2,4", "digits:A-vs-B, mnist:A-vs-B, cifar10:A-vs-B or npz:PATH")
    size: int | None = _option(None, "training images kept, shared among the subclasses; all by default")
    pi_p: float = _option(0.7, "share of right labels among the noisy positives")
    pi_n: float = _option(0.85, "share of right labels among the noisy negatives")
    estimate_priors: bool = _option(False, "find pi from D's own outputs; pi_p and pi_n then only corrupt true labels")
    corrupt_first: bool = _option(False, "corrupt the full set, then reduce it, as the paper words it")
    recipe: str = _option("modern", "literal, paper or modern")
    seed: int = _option(0, "of everything random in the run")
    data_dir: str | None = _option(None, "where TensorFlow Datasets keeps its data; TFDS_DATA_DIR by default")
    run_dir: str | None = _option(None, "folder to write; the next free runs/NAME-K by default")
    overwrite: bool = _option(False, "replace the run folder if it exists")
    strategy: str = _option("auto", "devices of stage one: auto, none, mirrored or multiworker (by TF_CONFIG)")
    devices: str | None = _option(None, "for mirrored: GPU:0,GPU:1 and so on, or a number; all GPUs by default")
    on_non_finite: str = _option(
        "lower", "when a loss is NaN: lower the learning rates from the last checkpoint, or stop"
    )
    checkpoint_seconds: float = _option(60.0, "least time between checkpoints, which are taken at epoch ends")
    keep_checkpoints: int = _option(2, "checkpoints kept while a network trains, at least 2")
    stage_one: StageOneConfig | None = None
    stage_two: StageTwoConfig | None = None

    def __post_init__(self) -> None:
        _check_among(self, "recipe", list(RECIPES))
        for name, default in vars(RECIPES[self.recipe]).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        _check_types(self)
        _ = self.priors
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} is negative: accepted are 0 and more")
        if self.size is not None:
            _check_positive(self, "size")
        _check_among(self, "strategy", STRATEGIES)
        _check_among(self, "on_non_finite", ON_NON_FINITE)
        if not 0 <= self.checkpoint_seconds < math.inf:
            raise ValueError(f"checkpoint_seconds={self.checkpoint_seconds} is out of range: accepted are 0 and more")
        if self.keep_checkpoints < 2:
            raise ValueError(f"keep_checkpoints={self.keep_checkpoints} is too few: accepted are 2 and more")

    @property
    def priors(self) -> NoisePriors:
        """pi_p and pi_n, checked."""
        return NoisePriors(self.pi_p, self.pi_n)

    def to_json(self) -> str:
        """The whole configuration, the stages' settings included."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """Reads what `to_json` writes; keys that are left out take their defaults.

        Raises:
            ValueError: for text that is no JSON object, unknown keys, or values that are not accepted.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"the configuration is no JSON: {error}") from error
        parts = {"stage_one": StageOneConfig, "stage_two": StageTwoConfig}
        _check_keys(cls, values)
        recipe = RECIPES.get(str(values.get("recipe", cls.recipe)))
        for name, part in parts.items():
            if values.get(name) is not None:
                _check_keys(part, values[name])
                base = getattr(recipe, name) if recipe else part()
                values[name] = dataclasses.replace(base, **values[name])
        return cls(**values)
