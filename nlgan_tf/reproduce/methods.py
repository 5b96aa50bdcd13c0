"""The methods of the grid by name: title in the table, where each runs, its cost, and how much it matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines.registry import BASELINES, Entry


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        title: Name of the method in the table.
        levels: Noise levels at which the method runs: "noisy", "clean" (pi = (1, 1)) or "all".
        importance: Weight in the order of work: the larger, the earlier, see `grid.planned`.
        fits: Number of stage-two classifiers that the method trains, in units of one on all images; 0 for none.
        upsampled: Whether these classifiers see 10,000 images an epoch, as the paper upsamples, or the images as they
            are.
        stage_one: Cost of the method's adversarial training, in units of NL-GAN's; 0 for none.
        ablation: Whether the method runs only where it is asked for by name.
        changes: Settings of stage one that set a variant of NL-GAN apart; None for what is no variant of NL-GAN.
        stage_two: Settings of stage two that do.
        library: Package of the extra `baselines` that the method imports; None for none.
        frozen: Whether the method needs frozen features.
        part_of: Method whose run measures this one too, where stage two learns from originals; None for a method of its
            own.
    """

    title: str
    levels: str = "noisy"
    importance: float = 1.0
    fits: float = 0.0
    upsampled: bool = False
    stage_one: float = 0.0
    ablation: bool = False
    changes: Mapping[str, Any] | None = None
    stage_two: Mapping[str, Any] = field(default_factory=dict)
    library: str | None = None
    frozen: bool = False
    part_of: str | None = None


def _generative(title: str, stage_one: float = 1.0, **settings: Any) -> Method:
    """A method whose classifier learns from drawn images."""
    return Method(title, fits=1, upsampled=True, stage_one=stage_one, **{"ablation": True, **settings})


def method_of(entry: Entry) -> Method:
    """Returns the row of a baseline."""
    shared = "title", "levels", "importance", "fits", "upsampled", "library", "frozen"
    return Method(**{name: getattr(entry, name) for name in shared})


METHODS = {
    "nlgan": _generative("NL-GAN", importance=30, ablation=False, changes={}),
    "nlgan-classifier": _generative("NL-GAN, classifier without those who join it", part_of="nlgan"),
    "nlgan-drawn": _generative("NL-GAN, drawn images alone", part_of="nlgan"),
    "nlgan-originals": _generative("NL-GAN, originals alone", part_of="nlgan"),
    "nlgan-d": _generative("NL-GAN, D alone", part_of="nlgan"),
    **{name: method_of(entry) for name, entry in BASELINES.items()},
    "conditional-dcgan": _generative("Conditional DCGAN, eq. (1)", 0.8),
    "conditional-dcgan-sn": _generative("Conditional DCGAN, eq. (1), spectral norm", 0.8),
    "nlgan-attention": _generative("NL-GAN with self-attention", 1.5, changes={"attention": True}),
    "nlgan-batch-norm": _generative("NL-GAN, batch norm in D", changes={"d_batch_norm": True, "spectral_norm": None}),
    "nlgan-generator-dropout": _generative(
        "NL-GAN, dropout on in the generators' step", changes={"generator_dropout": True}
    ),
    "nlgan-no-averages": _generative("NL-GAN, no averages of weights", changes={"ema": 0.0}),
    "nlgan-no-augmentation": _generative(
        "NL-GAN, no augmentation", changes={"augment": None}, stage_two={"augment": None}
    ),
    "nlgan-no-adversary": _generative("NL-GAN, beta = 0", changes={"beta": 0.0}),
    "nlgan-no-refinement": _generative("NL-GAN, generators not refined", changes={"refine_epochs": 0}),
    "nlgan-no-witness": _generative("NL-GAN, D the only judge", changes={}, stage_two={"witness": None}),
    "nlgan-one-round": _generative("NL-GAN, one round of stage two", changes={}, stage_two={"rounds": 1}),
}


RUNNABLE = tuple(name for name, method in METHODS.items() if method.part_of is None)


def default_methods(with_features: bool = False) -> tuple[str, ...]:
    """Returns the names of all methods but the ablations; those of frozen features where there are features."""
    return tuple(
        name for name in RUNNABLE if not METHODS[name].ablation and (with_features or not METHODS[name].frozen)
    )


def check_method(name: str) -> str:
    """Returns the name of a method of the grid; InputError for another name."""
    if name not in METHODS:
        raise InputError(f"Expected method to be one of {', '.join(RUNNABLE)}; got {name!r}")
    return name
