"""Adam as one fused kernel a weight, and several optimizers in one training step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import tensorflow as tf

from nlgan_tf.compat.keras import LossScaleOptimizer, adam_slots, apply_gradients, keras
from nlgan_tf.errors import InputError

WARM_UP_SHARE, FIRST_FACTOR, LAST_FACTOR = 0.1, 0.05, 0.02


@dataclasses.dataclass(frozen=True)
class _Step:
    """What all weights of a step have in common: the rate, and the kernel's other scalars by their names, float32."""

    rate: tf.Tensor
    of_kernel: dict[str, tf.Tensor]


@keras.saving.register_keras_serializable(package="nlgan_tf")
class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam, its update computed by TensorFlow's fused kernel: the same numbers in one pass over memory.

    On the 20 million weights of the paper's MNIST networks Keras's own chain of operations takes a fifth of a
    training step; `benchmarks/step_time.py` measures it.

    Args:
        decay_steps: Steps in which the rate falls to 1/e of `learning_rate`; 0: the rate is constant. A schedule of
            Keras would do the same, but leave no `learning_rate` to set, which a training that diverged needs.
        cosine_steps: Steps of `cosine_with_warm_up`, whose factors multiply `learning_rate`; 0: none.
        *args, **kwargs: Arguments of Keras's Adam. `weight_decay` is decoupled (Loshchilov and Hutter 2019, "AdamW"):
            each step takes rate * weight_decay * weight from a weight, by the rate of the schedule.

    Raises:
        InputError: For more than one of `amsgrad`, `decay_steps` and `cosine_steps`.
    """

    def __init__(self, *args, decay_steps: float = 0.0, cosine_steps: float = 0.0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.amsgrad and decay_steps:
            raise InputError(f"Expected amsgrad or decay_steps, got both: decay_steps={decay_steps}")
        if cosine_steps and (self.amsgrad or decay_steps):
            other = "amsgrad" if self.amsgrad else "decay_steps"
            raise InputError(f"Expected {other} or cosine_steps, got both: cosine_steps={cosine_steps}")
        self.decay_steps, self.cosine_steps = decay_steps, cosine_steps
        # Keras would decay by `learning_rate`, whatever the schedule.
        self.decoupled_decay, self.weight_decay = self.weight_decay, None
        self._step = None

    def apply_gradients(self, *args, **kwargs):
        # Once for all weights: repeated for each, these scalars were half of a small network's graph.
        self._step = self._begun_step()
        try:
            return super().apply_gradients(*args, **kwargs)
        finally:
            self._step = None

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, *learning_rate: tf.Tensor):
        # A loss scaler of Keras 3 comes here by a way of its own.
        step = self._step or self._begun_step()
        rate = tf.cast(step.rate, variable.dtype)
        if self.decoupled_decay and self._use_weight_decay(variable):
            variable.assign_sub(variable * self.decoupled_decay * rate)
        if self.amsgrad:  # The fused kernel has no such variant. Keras 2.15 passes no rate.
            return super().update_step(gradient, variable, *learning_rate)
        m, v = adam_slots(self, variable)
        scalars = {name: tf.cast(value, variable.dtype) for name, value in step.of_kernel.items()}
        return tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=m.handle, v=v.handle, lr=rate, grad=tf.cast(gradient, variable.dtype), **scalars
        )

    def _begun_step(self) -> _Step:
        number = tf.cast(self.iterations + 1, tf.float32)
        rate = tf.cast(self.learning_rate, tf.float32)
        if self.decay_steps:
            rate = rate * tf.exp((1 - number) / self.decay_steps)
        if self.cosine_steps:
            rate = rate * cosine_with_warm_up(number - 1, self.cosine_steps)
        beta_1, beta_2, epsilon = (tf.constant(value, tf.float32) for value in (self.beta_1, self.beta_2, self.epsilon))
        powers = {"beta1_power": tf.pow(beta_1, number), "beta2_power": tf.pow(beta_2, number)}
        return _Step(rate, {"beta1": beta_1, "beta2": beta_2, "epsilon": epsilon, **powers})

    def get_config(self) -> dict:
        own = {"decay_steps": self.decay_steps, "cosine_steps": self.cosine_steps}
        return {**super().get_config(), **own, "weight_decay": self.decoupled_decay}


def cosine_with_warm_up(step: tf.Tensor, steps: float) -> tf.Tensor:
    """Returns the factor on the rate at a step: .05 to 1 on a line, then to .02 on a cosine, where it stays.

    Args:
        step: Number of earlier steps, float scalar.
        steps: Steps of the whole schedule, above 0; the first tenth is the line.
    """
    warm_up = WARM_UP_SHARE * steps
    rising = FIRST_FACTOR + (1 - FIRST_FACTOR) * step / warm_up
    turn = math.pi * tf.minimum((step - warm_up) / (steps - warm_up), 1)
    falling = LAST_FACTOR + (1 - LAST_FACTOR) * (1 + tf.cos(turn)) / 2
    return tf.where(step < warm_up, rising, falling)


def loss_scaled(optimizer: keras.optimizers.Optimizer, compute_dtype: str) -> keras.optimizers.Optimizer:
    """The optimizer, with loss scaling for networks that compute in float16, as `keras.Model.compile` adds it."""
    if isinstance(optimizer, LossScaleOptimizer) or compute_dtype != "float16":
        return optimizer
    return LossScaleOptimizer(optimizer)


def update(
    tape: tf.GradientTape,
    objective: tf.Tensor,
    trained: Sequence[tuple[keras.Model, keras.optimizers.Optimizer]],
) -> None:
    """One step of each optimizer on its network, down a common objective, in one backward pass.

    Args:
        tape: Tape that recorded the objective.
        objective: Scalar, as `scale_loss` makes a loss.
        trained: Networks with their optimizers.
    """
    variables = [network.trainable_variables for network, _ in trained]
    gradients = tape.gradient(objective, variables)
    for (_, optimizer), its_gradients, its_variables in zip(trained, gradients, variables, strict=True):
        apply_gradients(optimizer, its_gradients, its_variables)


class OptimizerGroup:
    """Several optimizers under the name of one, `model.optimizer`, for Keras's callbacks.

    Keras 3's LearningRateScheduler and ReduceLROnPlateau set the rate of each of `optimizers`. Keras 2.15's set one
    `lr`: the first optimizer's, by which the others' rates change in proportion.

    Attributes:
        optimizers: Optimizers of the group, at least one.
    """

    built = True

    def __init__(self, optimizers: Sequence[keras.optimizers.Optimizer]) -> None:
        self.optimizers = list(optimizers)

    @property
    def learning_rate(self) -> _SettableRate:
        """The first optimizer's rate; setting one multiplies all rates by the same factor."""
        return _SettableRate(self, _rate(self.optimizers[0]))

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        rates = [_rate(optimizer) for optimizer in self.optimizers]
        if not rates[0] > 0:
            raise InputError(f"Expected a learning rate above 0 to change in proportion, got {rates[0]:g}")
        for optimizer, its_rate in zip(self.optimizers, rates, strict=True):
            optimizer.learning_rate = its_rate * (float(rate) / rates[0])

    # Keras 2.15's name.
    lr = learning_rate

    @property
    def iterations(self) -> tf.Variable:
        """Number of updates, of the first optimizer."""
        return self.optimizers[0].iterations

    @property
    def variables(self) -> list[tf.Variable]:
        """The variables of all optimizers."""
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]


class _SettableRate(float):
    """A group's learning rate, to which Keras 2.15's callbacks assign as to a variable."""

    dtype = "float32"

    def __new__(cls, group: OptimizerGroup, rate: float) -> _SettableRate:
        value = super().__new__(cls, rate)
        value.group = group
        return value

    def assign(self, rate: float) -> None:
        self.group.learning_rate = rate


def _rate(optimizer: keras.optimizers.Optimizer) -> float:
    return float(optimizer.learning_rate)
