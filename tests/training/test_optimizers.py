import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import apply_gradients, keras
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.errors import InputError
from nlgan_tf.models import build_nlgan
from nlgan_tf.recipes import RECIPES
from nlgan_tf.training.optimizers import FusedAdam, OptimizerGroup, cosine_with_warm_up, update


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
    with pytest.raises(ValueError, match="Expected amsgrad or decay_steps, got both: decay_steps=5"):
        FusedAdam(0.1, amsgrad=True, decay_steps=5)


COSINE = {0: 0.05, 1: 0.525, 2: 1, 11: 0.51, 20: 0.02, 100: 0.02}


@pytest.mark.parametrize(("step", "factor"), COSINE.items())
def test_the_cosine_by_hand(step, factor):
    # Of 20 steps the first two rise by .475 each; the 18 of the cosine are half over at step 2 + 9.
    assert float(cosine_with_warm_up(tf.constant(float(step)), 20)) == pytest.approx(factor, rel=1e-5)


def test_the_cosine_is_that_of_keras():
    theirs = keras.optimizers.schedules.CosineDecay(0.05, 270, alpha=0.02, warmup_target=1.0, warmup_steps=30)
    for step in range(0, 301, 7):
        mine = float(cosine_with_warm_up(tf.constant(float(step)), 300))
        assert mine == pytest.approx(float(theirs(step)), rel=1e-4)


def test_the_rate_follows_the_cosine_and_can_be_lowered():
    optimizer = FusedAdam(0.1, cosine_steps=20)
    steps = -np.diff([1.0, *path(optimizer, [3.0] * 3)])
    assert steps == pytest.approx([0.1 * COSINE[step] for step in range(3)], rel=1e-4)
    lowered = FusedAdam.from_config(optimizer.get_config())
    lowered.learning_rate = 0.05
    assert path(lowered, [3.0]) == pytest.approx([1 - 0.05 * 0.05], rel=1e-5)


def test_the_decay_of_weights_is_decoupled_from_the_gradient():
    # The gradient 0 leaves the decay alone: w <- w - rate * decay * w.
    assert path(FusedAdam(0.1, weight_decay=0.5), [0.0, 0.0]) == pytest.approx([0.95, 0.95**2])
    # The rate of the schedule: .005 and .0525.
    expected = [1 - 0.005 * 0.5, (1 - 0.005 * 0.5) * (1 - 0.0525 * 0.5)]
    assert path(FusedAdam(0.1, weight_decay=0.5, cosine_steps=20), [0.0, 0.0]) == pytest.approx(expected)


def test_without_a_schedule_the_decay_is_that_of_adamw():
    gradients = np.random.default_rng(0).normal(size=20)
    expected = path(keras.optimizers.AdamW(0.1, weight_decay=0.3), gradients)
    assert path(FusedAdam(0.1, weight_decay=0.3), gradients) == pytest.approx(expected, rel=1e-5)
    again = FusedAdam.from_config(FusedAdam(0.1, weight_decay=0.3).get_config())
    assert path(again, gradients) == pytest.approx(expected, rel=1e-5)


def test_weights_may_be_excluded_from_the_decay():
    optimizer = FusedAdam(0.1, weight_decay=0.5)
    decayed, kept = tf.Variable([1.0]), tf.Variable([1.0])
    optimizer.exclude_from_weight_decay(var_list=[kept])
    optimizer.build([decayed, kept])
    apply_gradients(optimizer, [tf.zeros(1), tf.zeros(1)], [decayed, kept])
    assert [decayed.numpy().item(), kept.numpy().item()] == pytest.approx([0.95, 1.0])


def test_the_scalars_of_a_step_are_computed_once_for_all_weights():
    def operations(weights: int) -> int:
        variables = [tf.Variable([1.0]) for _ in range(weights)]
        optimizer = FusedAdam(0.1, weight_decay=0.5, cosine_steps=20)
        optimizer.build(variables)

        @tf.function(autograph=False)
        def step() -> None:
            apply_gradients(optimizer, [tf.ones(1)] * weights, variables)

        return len(step.get_concrete_function().graph.get_operations())

    # A schedule and two powers alone are some twenty operations; a weight has its gradient, decay and kernel.
    assert operations(11) - operations(1) <= 10 * 12


@pytest.mark.parametrize(("other", "name"), [({"amsgrad": True}, "amsgrad"), ({"decay_steps": 3}, "decay_steps")])
def test_one_schedule_at_a_time(other, name):
    with pytest.raises(InputError, match=f"Expected {name} or cosine_steps, got both: cosine_steps=20"):
        FusedAdam(0.1, cosine_steps=20, **other)


@pytest.mark.parametrize(("recipe", "decay_steps"), [("literal", 0), ("paper", 12 * 78), ("modern", 0)])
def test_each_recipe_s_decay(recipe, decay_steps):
    model = build_nlgan((8, 8, 1), NoisePriors(0.7, 0.85), recipe)
    for optimizer in (model.d_optimizer, model.gp_optimizer, model.gn_optimizer):
        assert optimizer.decay_steps == decay_steps


def test_longer_trainings_decay_as_much_in_all():
    stage = dataclasses.replace(RECIPES["paper"].stage_one, epochs=500)
    model = build_nlgan((8, 8, 1), NoisePriors(0.7, 0.85), stage)
    assert model.d_optimizer.decay_steps == 150 * 78


def test_one_backward_pass_updates_each_network_by_its_own_optimizer():
    networks = [keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)]) for _ in range(2)]
    for network in networks:
        network.build((None, 1))
    optimizers = [keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.01)]
    with tf.GradientTape() as tape:
        objective = sum(tf.reduce_sum(network(tf.constant([[2.0]]))) for network in networks)
    update(tape, objective, list(zip(networks, optimizers, strict=True)))
    assert [network.weights[0].numpy().item() for network in networks] == pytest.approx([0.8, 0.98])


class TestOptimizerGroup:
    @pytest.fixture
    def group(self):
        return OptimizerGroup([FusedAdam(0.1), keras.optimizers.SGD(0.4)])

    def rates(self, group) -> list[float]:
        return [float(optimizer.learning_rate) for optimizer in group.optimizers]

    def test_the_rate_is_the_first_one_s_and_the_others_follow_in_proportion(self, group):
        assert group.learning_rate == group.lr == pytest.approx(0.1)
        group.learning_rate = 0.05
        assert self.rates(group) == pytest.approx([0.05, 0.2])

    def test_a_rate_may_be_assigned_as_to_a_variable(self, group):
        group.lr.assign(0.2)
        assert self.rates(group) == pytest.approx([0.2, 0.8])

    def test_a_first_rate_of_0_has_no_proportion(self, group):
        group.optimizers[0].learning_rate = 0.0
        with pytest.raises(InputError, match="Expected a learning rate above 0 to change in proportion, got 0"):
            group.learning_rate = 0.1
        assert self.rates(group) == pytest.approx([0, 0.4])

    def test_it_counts_as_the_first_one_and_has_the_variables_of_all(self, group):
        weight = tf.Variable([1.0])
        for optimizer in group.optimizers:
            optimizer.build([weight])
        apply_gradients(group.optimizers[0], [tf.constant([1.0])], [weight])
        assert int(group.iterations) == 1
        assert len(group.variables) == sum(len(optimizer.variables) for optimizer in group.optimizers)
