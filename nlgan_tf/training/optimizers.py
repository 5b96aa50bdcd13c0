"""Adam as one fused kernel a weight, and several optimizers in one training step."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from nlgan_tf.compat.keras import LossScaleOptimizer, adam_slots, apply_gradients, keras
from nlgan_tf.errors import InputError


@keras.saving.register_keras_serializable(package="nlgan_tf")
class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam, its update computed by TensorFlow's fused kernel: the same numbers in one pass over memory.

    On the 20 million weights of the paper's MNIST networks Keras's own chain of operations takes a fifth of a
    training step; `benchmarks/step_time.py` measures it.

    Args:
        decay_steps: Steps in which the rate falls to 1/e of `learning_rate`; 0: the rate is constant. A schedule of
            Keras would do the same, but leave no `learning_rate` to set, which a training that diverged needs.
        *args, **kwargs: Arguments of Keras's Adam.

    Raises:
        InputError: for `decay_steps` together with `amsgrad`.
    """

    def __init__(self, *args, decay_steps: float = 0.0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.amsgrad and decay_steps:
            raise InputError(f"Expected amsgrad or decay_steps, got both: decay_steps={decay_steps}")
        self.decay_steps = decay_steps

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, *learning_rate: tf.Tensor):
        if self.amsgrad:  # The fused kernel has no such variant.
            return super().update_step(gradient, variable, *learning_rate)
        m, v = adam_slots(self, variable)
        # Keras 2.15 passes no rate.
        (rate,) = learning_rate or (self.learning_rate,)
        step = tf.cast(self.iterations + 1, variable.dtype)
        rate = tf.cast(rate, variable.dtype)
        if self.decay_steps:
            rate = rate * tf.exp((1 - step) / self.decay_steps)
        return tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )

    def get_config(self) -> dict:
        return {**super().get_config(), "decay_steps": self.decay_steps}


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
