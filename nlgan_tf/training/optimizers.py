"""Adam as one fused kernel a weight."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.compat.keras import LossScaleOptimizer, adam_slots, keras
from nlgan_tf.errors import InputError


@keras.saving.register_keras_serializable(package="nlgan_tf")
class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam, its update computed by TensorFlow's fused kernel: the same numbers in one pass over memory.

    On the 20 million weights of the paper's MNIST networks Keras's own chain of operations takes a fifth of a
    training step; `benchmarks/step_time.py` measures it.

    Args:
        decay_steps: steps in which the rate falls to 1/e of `learning_rate`; 0: it is constant. A schedule of
            Keras would do the same, but leave no `learning_rate` to set, which a training that diverged needs.
        *args, **kwargs: as Keras's Adam.

    Raises:
        InputError: for `decay_steps` together with `amsgrad`.
    """

    def __init__(self, *args, decay_steps: float = 0.0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.amsgrad and decay_steps:
            raise InputError(f"amsgrad with decay_steps={decay_steps} is not there: accepted is one of them")
        self.decay_steps = decay_steps

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, *learning_rate: tf.Tensor):
        if self.amsgrad:  # The fused kernel has no such variant.
            return super().update_step(gradient, variable, *learning_rate)
        m, v = adam_slots(self, variable)
        # Keras 2.15 does not pass it.
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
    """With loss scaling for networks that compute in float16, as `keras.Model.compile` does for its one optimizer."""
    if isinstance(optimizer, LossScaleOptimizer) or compute_dtype != "float16":
        return optimizer
    return LossScaleOptimizer(optimizer)
