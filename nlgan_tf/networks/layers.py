"""Keras's Dense, LeakyReLU and BatchNormalization by cheaper operations, with the same numbers but for rounding."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from nlgan_tf.compat.keras import keras, negative_slope


@tf.custom_gradient
def matmul(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """The product x W of shapes (n, inputs) and (inputs, outputs)."""

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return input_gradient(dy, kernel), tf.matmul(x, dy, transpose_a=True)

    return tf.matmul(x, kernel), gradient


def input_gradient(dy: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The product dy W^T. Reading the kernel, far larger than the batch, in the order of its memory saves time."""
    return tf.transpose(tf.matmul(kernel, dy, transpose_b=True))


@keras.saving.register_keras_serializable(package="nlgan_tf")
class Dense(keras.layers.Dense):
    """Keras's Dense for inputs of shape (n, inputs)."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        outputs = matmul(inputs, tf.convert_to_tensor(self.kernel))
        if self.bias is not None:
            outputs = tf.nn.bias_add(outputs, tf.convert_to_tensor(self.bias))
        return self.activation(outputs)


@keras.saving.register_keras_serializable(package="nlgan_tf")
class LeakyReLU(keras.layers.LeakyReLU):
    """Keras's LeakyReLU, whose gradient reads the outputs: their signs are the inputs'.

    A convolution, its bias and the activation become one operation, and the values between are never stored.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        slope = negative_slope(self)

        @tf.custom_gradient
        def activate(x: tf.Tensor) -> tuple[tf.Tensor, Callable]:
            y = tf.nn.leaky_relu(x, slope)

            def gradient(dy: tf.Tensor) -> tf.Tensor:
                return tf.raw_ops.LeakyReluGrad(gradients=dy, features=y, alpha=slope)

            return y, gradient

        return activate(inputs)


@keras.saving.register_keras_serializable(package="nlgan_tf")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's BatchNormalization over the last axis, its training pass one fused operation."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or not self.trainable or self.synchronized:
            return super().call(inputs, training=training)
        # The fused operation takes images alone: features become images of one pixel.
        images = inputs if inputs.shape.rank == 4 else inputs[:, tf.newaxis, tf.newaxis, :]
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=images,
            scale=tf.cast(self.gamma, tf.float32),
            offset=tf.cast(self.beta, tf.float32),
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The fused operation returns the unbiased variance; Keras keeps the biased one.
        count = tf.cast(tf.reduce_prod(tf.shape(images)[:-1]), tf.float32)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance * (count - 1) / count)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return tf.reshape(outputs, tf.shape(inputs))
