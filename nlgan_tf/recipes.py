"""The recipes `literal`, `paper` and `modern`: settings of both stages by name."""

from __future__ import annotations

from dataclasses import dataclass

from nlgan_tf.config import AUTO, StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """Settings of stage one and of stage two."""

    stage_one: StageOneConfig
    stage_two: StageTwoConfig


RECIPES = {
    # The paper's text to the letter, with the project's decisions where the paper is silent.
    "literal": Recipe(
        StageOneConfig(spectral_layers="convolutions", kernel_size=3, batch_norm="transposed"),
        StageTwoConfig(),
    ),
    # The smallest departure from `literal` that trains: docs/recipes.md lists each difference.
    "paper": Recipe(StageOneConfig(spectral_layers="all", g_learning_rate=1e-3, decay_share=0.3), StageTwoConfig()),
    # What measurably beats `paper` and its peers: docs/recipes.md says what each part is for.
    "modern": Recipe(
        StageOneConfig(
            epochs=9,
            batch_size=64,
            samples_per_epoch=6400,
            width=0.5,
            spectral_layers="all",
            d_learning_rate=0.0,
            g_learning_rate=1e-3,
            augment=AUTO,
            ema=0.99,
            folds=0,
            fold_epochs=0,
            refine_epochs=None,
        ),
        StageTwoConfig(
            keep_surest=0.85,
            novelty=0.1,
            temperature=0.85,
            epochs=8,
            samples_per_epoch=6400,
            learning_rate=2e-3,
            schedule="cosine",
            beta_2=0.99,
            weight_decay=0.01,
            ema=0.99,
            network=AUTO,
            augment=AUTO,
            learns_from=AUTO,
            views=16,
            witness=AUTO,
            served=AUTO,
            rounds=0,
        ),
    ),
}


def check_recipe(name: str) -> Recipe:
    """The recipe of this name; InputError for an unknown one."""
    # Among the names, not the keys: JSON may bring a list, which no dictionary can look up.
    if name not in tuple(RECIPES):
        raise InputError(f"Expected recipe to be one of {', '.join(RECIPES)}; got {name!r}")
    return RECIPES[name]
