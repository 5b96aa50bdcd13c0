"""Keras's Dense and LeakyReLU with cheaper gradients, the numbers the same but for rounding.

On a batch far smaller than the layer, a product's time goes into the kernel's memory, and the order in which it is
read decides: `(W dy^T)^T` took two thirds of the time of `dy W^T` (CONTRIBUTING.md, "How to profile a step").
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from nlgan_tf.stack import keras


@tf.custom_gradient
def matmul(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """x W: (n, inputs) by (inputs, outputs)."""

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return input_gradient(dy, kernel), tf.matmul(x, dy, transpose_a=True)

    return tf.matmul(x, kernel), gradient


def input_gradient(dy: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """dy W^T, reading the kernel in its own order."""
    return tf.transpose(tf.matmul(kernel, dy, transpose_b=True))


@keras.saving.register_keras_serializable(package="nlgan_tf")
class Dense(keras.layers.Dense):
    """Keras's Dense for inputs of shape (n, inputs)."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        outputs = matmul(inputs, tf.convert_to_tensor(self.kernel))
        return self.activation(outputs if self.bias is None else outputs + tf.convert_to_tensor(self.bias))


@keras.saving.register_keras_serializable(package="nlgan_tf")
class LeakyReLU(keras.layers.LeakyReLU):
    """Keras's LeakyReLU with its gradient taken from the outputs, whose signs are the inputs'.

    So a convolution, its bias and the activation become one operation, and the values between are never stored.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        @tf.custom_gradient
        def activate(x: tf.Tensor) -> tuple[tf.Tensor, Callable]:
            y = tf.nn.leaky_relu(x, self.negative_slope)

            def gradient(dy: tf.Tensor) -> tf.Tensor:
                return tf.raw_ops.LeakyReluGrad(gradients=dy, features=y, alpha=self.negative_slope)

            return y, gradient

        return activate(inputs)
