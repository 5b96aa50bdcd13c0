"""Adam as one fused kernel a weight."""

from __future__ import annotations

import tensorflow as tf

from nlgan_tf.stack import LossScaleOptimizer, adam_slots, keras


@keras.saving.register_keras_serializable(package="nlgan_tf")
class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam, its update computed by TensorFlow's fused kernel: the same numbers in one pass over memory.

    On the 20 million weights of the paper's MNIST networks Keras's own chain of operations takes a fifth of a
    training step; `benchmarks/step_time.py` measures it.
    """

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, *learning_rate: tf.Tensor):
        if self.amsgrad:  # The fused kernel has no such variant.
            return super().update_step(gradient, variable, *learning_rate)
        m, v = adam_slots(self, variable)
        # Keras 2.15 does not pass it.
        (rate,) = learning_rate or (self.learning_rate,)
        step = tf.cast(self.iterations + 1, variable.dtype)
        return tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


def loss_scaled(optimizer: keras.optimizers.Optimizer, compute_dtype: str) -> keras.optimizers.Optimizer:
    """With loss scaling for networks that compute in float16, as `keras.Model.compile` does for its one optimizer."""
    if isinstance(optimizer, LossScaleOptimizer) or compute_dtype != "float16":
        return optimizer
    return LossScaleOptimizer(optimizer)
