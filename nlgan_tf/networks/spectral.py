"""Spectral normalisation (Miyato et al. 2018), on D's convolutions in the paper (section 2.2.3)."""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from nlgan_tf.compat.installed import DEFAULT_SPECTRAL_NORM, SPECTRAL_NORMS
from nlgan_tf.compat.keras import FIRST_REPLICA, addons, keras
from nlgan_tf.errors import InputError
from nlgan_tf.networks.layers import input_gradient, matmul

OTHER_STACKS = {"addons": "TF 2.15 with tensorflow-addons", "keras": "TF 2.21 and later with Keras 3"}


def _from_config(cls, config: dict, custom_objects: dict | None = None) -> keras.layers.Wrapper:
    """The wrapper with its layer. Keras 2.15's own function would load this package's Dense as Keras's."""
    layer = keras.saving.deserialize_keras_object(config["layer"], custom_objects=custom_objects)
    return cls(**{**config, "layer": layer})


@keras.saving.register_keras_serializable(package="nlgan_tf")
class ExactSpectralNormalization(keras.layers.Wrapper):
    """Runs a layer with the kernel W / sigma(W), the gradient passing through sigma.

    sigma is the leading singular value of W as a matrix (inputs, outputs). Each call with `training=True` follows the
    singular vectors by one power iteration; other calls change nothing. The kernel stays as the optimizer left it.

    Args:
        layer: Dense or Conv2D without activation.

    Raises:
        InputError: For a layer with an activation, or of another kind.
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs) -> None:
        # Always float32: in float16 sigma would lose three digits.
        super().__init__(_checked(layer), **{**kwargs, "dtype": "float32"})

    from_config = classmethod(_from_config)

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        *inputs, outputs = self.layer.kernel.shape
        self.left = self._add_unit_vector("left", math.prod(inputs))
        self.right = self._add_unit_vector("right", outputs)

    def _add_unit_vector(self, name: str, size: int):
        def initializer(shape, dtype=None):
            return tf.math.l2_normalize(tf.random.stateless_normal(shape, seed=(0, size), dtype=dtype))

        # Under a strategy all replicas take the first one's vector, so that they do not drift apart.
        return self.add_weight(
            name=name, shape=(size,), initializer=initializer, trainable=False, aggregation=FIRST_REPLICA
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        kernel, left = tf.convert_to_tensor(self.layer.kernel), tf.convert_to_tensor(self.left)
        matrix = tf.reshape(kernel, (-1, self.right.shape[0]))
        if training:
            left = self._iterated(tf.stop_gradient(matrix))
        dtype = self.layer.compute_dtype
        inputs = tf.cast(inputs, dtype)
        if isinstance(self.layer, keras.layers.Conv2D):
            _, sigma = _projection_and_sigma(matrix, left)
            outputs = self.layer.convolution_op(inputs, tf.cast(kernel / sigma, dtype))
        else:
            outputs = _normalised_matmul(inputs, matrix, left)
        return _with_bias(self.layer, outputs)

    def follow_kernel(self) -> None:
        """Moves both singular vectors by one power iteration for the present kernel, as a training call does."""
        self._iterated(tf.reshape(tf.convert_to_tensor(self.layer.kernel), (-1, self.right.shape[0])))

    def _iterated(self, matrix: tf.Tensor) -> tf.Tensor:
        """Moves both singular vectors by one power iteration, and returns the left one."""
        left = _direction(tf.linalg.matvec(matrix, tf.convert_to_tensor(self.right)), self.left)
        self.right.assign(_direction(tf.linalg.matvec(matrix, left, transpose_a=True), self.right))
        self.left.assign(left)
        return left


def _checked(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Returns the layer if its kernel can be replaced; InputError otherwise."""
    # Keras 2.15's transposed convolution is a Conv2D, too.
    accepted = isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)
    if not accepted or isinstance(layer, keras.layers.Conv2DTranspose):
        raise InputError(f"Expected layer {layer.name!r} to be Dense or Conv2D, got {type(layer).__name__}")
    if layer.activation is not keras.activations.linear:
        raise InputError(
            f"Expected layer {layer.name!r} without activation, got {layer.activation.__name__!r}: "
            "put the activation into a layer of its own"
        )
    return layer


def _with_bias(layer: keras.layers.Layer, outputs: tf.Tensor) -> tf.Tensor:
    return outputs if layer.bias is None else tf.nn.bias_add(outputs, tf.cast(layer.bias, outputs.dtype))


def _projection_and_sigma(matrix: tf.Tensor, left: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns W^T left and its length, which with its gradient is that of left^T W right for constant left, right."""
    projection = tf.linalg.matvec(matrix, left, transpose_a=True)
    return projection, tf.maximum(tf.norm(projection), 1e-12)


@tf.custom_gradient
def _normalised_matmul(x: tf.Tensor, kernel: tf.Tensor, left: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """Returns x W / sigma with sigma = |W^T u|, the gradient passing through sigma.

    Args:
        x: Inputs, shape (n, inputs), in the precision of the product.
        kernel: Kernel W, float32, shape (inputs, outputs).
        left: Leading left singular vector u, float32, shape (inputs,); a constant to the gradient.
    """
    projection, sigma = _projection_and_sigma(kernel, left)
    low_sigma, low_kernel = tf.cast(sigma, x.dtype), tf.cast(kernel, x.dtype)
    # (x W) / sigma = x (W / sigma); dividing the large kernel would cost more.
    y = tf.matmul(x, low_kernel) / low_sigma

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, None]:
        # d sigma / dW = u (W^T u)^T / sigma: as one more row of the product, without another pass over W's gradient.
        through_sigma = -tf.reduce_sum(tf.cast(dy, tf.float32) * tf.cast(y, tf.float32)) / sigma**2 * projection
        dy = dy / low_sigma
        rows = tf.concat([x, tf.cast(left, x.dtype)[tf.newaxis]], axis=0)
        row_gradients = tf.concat([dy, tf.cast(through_sigma, x.dtype)[tf.newaxis]], axis=0)
        kernel_gradient = tf.matmul(rows, row_gradients, transpose_a=True)
        return input_gradient(dy, low_kernel), tf.cast(kernel_gradient, kernel.dtype), None

    return y, gradient


def _direction(vector: tf.Tensor, previous: tf.Variable) -> tf.Tensor:
    """The vector at length 1, or the previous direction where the vector is zero, as with a zero kernel."""
    return tf.where(tf.norm(vector) > 0, tf.math.l2_normalize(vector, epsilon=1e-30), tf.convert_to_tensor(previous))


if addons is not None:

    @tf.custom_gradient
    def _through_sigma(kernel: tf.Tensor, right: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        """Returns a kernel that was divided by its sigma, with the gradient of W / sigma(W) at sigma = 1.

        Args:
            kernel: Kernel W, float32, outputs on the last axis.
            right: Leading right singular vector, float32, shape (outputs,); a constant to the gradient.
        """

        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, None]:
            left = tf.math.l2_normalize(tf.linalg.matvec(tf.reshape(kernel, (-1, right.shape[0])), right))
            through_sigma = tf.reduce_sum(dy * kernel) * left[:, tf.newaxis] * right
            return dy - tf.reshape(through_sigma, tf.shape(kernel)), None

        return kernel, gradient

    @keras.saving.register_keras_serializable(package="nlgan_tf")
    class AddonsSpectralNormalization(addons.layers.SpectralNormalization):
        """tensorflow-addons' wrapper, with the gradient through sigma.

        Without this gradient each update lengthens the leading direction, and the next normalisation shortens all
        directions, until the kernel has nearly rank 1 (docs/stacks.md). The first u is a function of its length, and
        under a strategy u is the same on all replicas. Arguments and errors are those of `ExactSpectralNormalization`.
        """

        def __init__(self, layer: keras.layers.Layer, **kwargs) -> None:
            super().__init__(_checked(layer), **kwargs)

        from_config = classmethod(_from_config)

        def add_weight(self, name: str | None = None, **settings):
            if name == "sn_u":
                initializer = keras.initializers.TruncatedNormal(stddev=0.02, seed=settings["shape"][-1])
                settings.update(initializer=initializer, aggregation=FIRST_REPLICA)
            return super().add_weight(name=name, **settings)

        def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
            if not training:  # The kernel is normalised in training calls alone.
                return super().call(inputs, training=False)
            self.normalize_weights()
            dtype = self.layer.compute_dtype
            kernel = tf.cast(_through_sigma(tf.convert_to_tensor(self.w), tf.convert_to_tensor(self.u)[0]), dtype)
            product = self.layer.convolution_op if isinstance(self.layer, keras.layers.Conv2D) else matmul
            return _with_bias(self.layer, product(tf.cast(inputs, dtype), kernel))


def spectral_normalize(
    layer: keras.layers.Layer, implementation: str | None = DEFAULT_SPECTRAL_NORM
) -> keras.layers.Layer:
    """Returns the layer under spectral normalisation; docs/stacks.md compares the implementations.

    Args:
        layer: Dense or Conv2D without activation.
        implementation: Name "exact" (`ExactSpectralNormalization`), "addons" (tensorflow-addons' wrapper, which
            overwrites the kernel, with the gradient through sigma added) or "keras" (Keras's wrapper, which overwrites
            the kernel and passes no gradient through sigma); or None (the layer as it is).

    Raises:
        InputError: For another name, or one of the other stack.
        ImportError: For "addons" without tensorflow-addons.
    """
    if implementation is None:
        return layer
    if implementation not in SPECTRAL_NORMS:
        needs = OTHER_STACKS.get(implementation)
        raise InputError(
            f"Expected spectral_norm to be one of {', '.join(SPECTRAL_NORMS)} or None, got {implementation!r}"
            + (f", which needs {needs}" if needs else "")
        )
    if implementation == "exact":
        return ExactSpectralNormalization(layer, name=layer.name)
    # float32, or both would round the master kernel to float16 under mixed precision.
    if implementation == "keras":
        return keras.layers.SpectralNormalization(layer, name=layer.name, dtype="float32")
    if addons is None:
        raise ImportError("Expected tensorflow-addons for spectral_norm 'addons': pip install 'nlgan-tf[addons]'")
    return AddonsSpectralNormalization(layer, name=layer.name, dtype="float32")
