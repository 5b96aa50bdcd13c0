"""The one place that imports Keras, and that knows where its two versions differ.

The current stack is TF 2.21 and later with Keras 3; the legacy one TF 2.15 with Keras 2.15 and tensorflow-addons.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.errors import InputError

MINIMUM_KERAS = (3, 15)


def check_backend(name: str | None) -> None:
    """InputError unless Keras is to run on TensorFlow (None: Keras's default, which is TensorFlow)."""
    if name not in (None, "", "tensorflow"):
        raise InputError(
            f"the Keras backend is {name!r}: nlgan_tf accepts 'tensorflow' alone (KERAS_BACKEND=tensorflow)"
        )


def check_keras_version(version: str) -> None:
    """ValueError for a Keras 3 below 3.15, whose model loading has known security holes."""
    found = tuple(int(part) for part in version.split(".")[:2])
    if (3, 0) <= found < MINIMUM_KERAS:
        raise InputError(
            f"Keras {version} is installed: accepted is 3.15 or newer (older ones load model files unsafely); "
            "upgrade by: pip install 'keras>=3.15'"
        )


# Before the import: a backend that is not installed would fail inside Keras with a traceback.
check_backend(os.environ.get("KERAS_BACKEND"))

from nlgan_tf.compat.quiet import import_tensorflow  # noqa: E402

import_tensorflow()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

check_keras_version(keras.__version__)
check_backend(keras.backend.backend())

# For a variable of which the first replica's value is everyone's.
FIRST_REPLICA = tf.VariableAggregation.ONLY_FIRST_REPLICA if LEGACY else "only_first_replica"
LossScaleOptimizer = keras.mixed_precision.LossScaleOptimizer


def _import_addons():
    """tensorflow-addons, if it is there and can be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It tells at each import that it is at its end.
        try:
            import tensorflow_addons
        except ImportError:
            return None
    return tensorflow_addons


# Found now: a saved model names its layers.
addons = _import_addons() if LEGACY else None


class _LegacyModel(keras.Model):
    """Keras 2.15's Model with what Keras 3's has and `NLGAN` uses."""

    @property
    def compiled(self) -> bool:
        return self._is_compiled

    def _get_optimizer(self, optimizer):
        """As Keras 3, where a model that brings its own optimizers is compiled with None."""
        return None if optimizer is None else super()._get_optimizer(optimizer)


Model = _LegacyModel if LEGACY else keras.Model


def scale_loss(optimizer: keras.optimizers.Optimizer, loss: tf.Tensor) -> tf.Tensor:
    """The loss as the optimizer wants it differentiated: larger, where it scales losses for float16."""
    if not LEGACY:
        return optimizer.scale_loss(loss)
    return optimizer.get_scaled_loss(loss) if isinstance(optimizer, LossScaleOptimizer) else loss


def apply_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor], variables: Sequence[tf.Variable]
) -> None:
    """One update of the variables by the gradients of a scaled loss."""
    if not LEGACY:
        optimizer.apply(gradients, variables)
        return
    if isinstance(optimizer, LossScaleOptimizer):
        gradients = optimizer.get_unscaled_gradients(gradients)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def adam_slots(optimizer: keras.optimizers.Adam, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
    """m and v of a weight."""
    if not LEGACY:
        index = optimizer._get_variable_index(variable)
        return optimizer._momentums[index].value, optimizer._velocities[index].value
    index = optimizer._index_dict[optimizer._var_key(variable)]
    return optimizer._momentums[index], optimizer._velocities[index]


def negative_slope(layer: keras.layers.LeakyReLU) -> float:
    """Of a LeakyReLU."""
    return float(layer.alpha if LEGACY else layer.negative_slope)


def draws_at_random(layer: keras.layers.Layer) -> bool:
    """Whether the layer is one of Keras's that draw random numbers."""
    return hasattr(layer, "_random_generator" if LEGACY else "seed_generator")


def synchronize(layer: keras.layers.BatchNormalization, over_replicas: bool) -> None:
    """Whether a batch norm takes its statistics over all replicas."""
    layer.synchronized = over_replicas
    if LEGACY and over_replicas:
        layer.fused = False  # The fused operation sees one replica alone.


def pass_over_epochs(dataset: tf.data.Dataset, epochs: int) -> None:
    """Leaves the data set's order as `fit` leaves it after so many epochs.

    A set that shuffles does so anew for each iterator. Keras 3 makes one for an epoch and one more at its end; Keras
    2.15 one for an epoch, and one more at the start of each `fit`.
    """
    for _ in range(epochs):
        for _ in dataset:
            pass
        if not LEGACY:
            iter(dataset)
