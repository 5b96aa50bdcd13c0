"""The generators of an NLGAN as one list, each with its label, optimizer and delta.

Keras tracks and saves networks and optimizers by the names of attributes, so the list is made from the attributes of
the model (`positive_generator`, `gp_optimizer` and so on).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.gan.latent import Z_OF_FIRST, draw_latent

if TYPE_CHECKING:
    from nlgan_tf.gan.model import NLGAN

NETWORKS = ("discriminator", "positive_generator", "negative_generator")
OPTIMIZERS = ("d_optimizer", "gp_optimizer", "gn_optimizer")
# Of each generator: its label, and the attributes of its network, its optimizer and its delta.
GENERATORS = (
    (1, "positive_generator", "gp_optimizer", "delta_p"),
    (0, "negative_generator", "gn_optimizer", "delta_n"),
)


class Player(NamedTuple):
    """One generator with its part in a training step.

    Attributes:
        label: Label of the images that the generator draws: 1 positive, 0 negative.
        generator: G_P or G_N.
        optimizer: Optimizer of this generator; None before `compile`.
        delta: Target of D's output on the generator's images, eq. (4); None while the priors are "estimate".
    """

    label: int
    generator: keras.Model
    optimizer: keras.optimizers.Optimizer | None
    delta: float | None


def players_of(model: NLGAN) -> list[Player]:
    """The generators of a model, in the order in which a training step draws."""
    known = isinstance(model.priors, NoisePriors)
    return [
        Player(
            label,
            getattr(model, generator),
            getattr(model, optimizer, None),
            getattr(model.priors, delta) if known else None,
        )
        for label, generator, optimizer, delta in GENERATORS
    ]


def generated(players: list[Player], batch_size: tf.Tensor, latent: str, seed: Callable[[int], tf.Tensor]) -> tf.Tensor:
    """Returns what every generator draws in a training step, half a batch each, one generator after the other.

    Args:
        players: Generators.
        batch_size: Number of real images of the step, of which each generator draws half, rounded up.
        latent: Distribution of z.
        seed: Function of a purpose of random numbers to the step's integer pair.
    """
    half = (batch_size + 1) // 2
    z = [
        draw_latent(half, player.generator.input_shape[-1], latent, seed(Z_OF_FIRST + number))
        for number, player in enumerate(players)
    ]
    return tf.concat([player.generator(its_z, training=True) for player, its_z in zip(players, z, strict=True)], axis=0)
