"""FusedAdam: Keras's own numbers, and rates that decay."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import apply_gradients, keras
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.models import build_nlgan
from nlgan_tf.recipes import RECIPES
from nlgan_tf.training.optimizers import FusedAdam


def path(optimizer, gradients):
    """The weight after each update, from 1 on."""
    weight = tf.Variable([1.0])
    optimizer.build([weight])
    values = []
    for gradient in gradients:
        apply_gradients(optimizer, [tf.constant([gradient], tf.float32)], [weight])
        values.append(weight.numpy().item())
    return values


def test_without_decay_it_is_keras_adam():
    gradients = np.random.default_rng(0).normal(size=20)
    expected = path(keras.optimizers.Adam(0.1, beta_1=0.5), gradients)
    assert path(FusedAdam(0.1, beta_1=0.5), gradients) == pytest.approx(expected, rel=1e-5)


def test_the_rate_decays_by_the_step():
    # Under a gradient that stays the same Adam's step is the rate itself.
    steps = -np.diff([1.0, *path(FusedAdam(0.1, decay_steps=2.0), [3.0] * 4)])
    assert steps == pytest.approx([0.1 * math.exp(-step / 2) for step in range(4)], rel=1e-4)


def test_a_rate_that_decays_can_be_lowered_and_is_saved():
    optimizer = FusedAdam(0.1, decay_steps=2.0)
    optimizer.learning_rate = 0.05
    again = FusedAdam.from_config(optimizer.get_config())
    assert path(again, [1.0]) == pytest.approx([0.95], rel=1e-5)
    assert again.decay_steps == 2.0


def test_amsgrad_does_not_decay():
    with pytest.raises(ValueError, match="amsgrad with decay_steps=5"):
        FusedAdam(0.1, amsgrad=True, decay_steps=5)


@pytest.mark.parametrize(("recipe", "decay_steps"), [("literal", 0), ("paper", 12 * 78), ("modern", 0)])
def test_each_recipe_s_decay(recipe, decay_steps):
    model = build_nlgan((8, 8, 1), NoisePriors(0.7, 0.85), recipe)
    for optimizer in (model.d_optimizer, model.gp_optimizer, model.gn_optimizer):
        assert optimizer.decay_steps == decay_steps


def test_longer_trainings_decay_as_much_in_all():
    stage = dataclasses.replace(RECIPES["paper"].stage_one, epochs=500)
    model = build_nlgan((8, 8, 1), NoisePriors(0.7, 0.85), stage)
    assert model.d_optimizer.decay_steps == 150 * 78
