"""The only module that imports Keras, and that knows where the two versions of Keras differ.

The current stack is TF 2.21 and later with Keras 3; the legacy one TF 2.15 with Keras 2.15 and tensorflow-addons.
"""

from __future__ import annotations

import functools
import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from nlgan_tf.compat.installed import LEGACY
from nlgan_tf.errors import InputError

MINIMUM_KERAS = (3, 15)


def configured_backend() -> str | None:
    """The backend that Keras is about to choose, by the environment or keras.json; None: Keras's default."""
    if os.environ.get("KERAS_BACKEND") or LEGACY:
        return os.environ.get("KERAS_BACKEND")
    folder = os.environ.get("KERAS_HOME", "~/.keras")
    try:
        return json.loads(Path(folder, "keras.json").expanduser().read_text()).get("backend")
    except (OSError, ValueError, AttributeError):  # As for Keras, which then takes its defaults.
        return None


def check_backend(name: str | None) -> None:
    """InputError unless Keras is to run on TensorFlow (None: Keras's default, which is TensorFlow)."""
    if name not in (None, "", "tensorflow"):
        raise InputError(
            f"Expected 'tensorflow' as the Keras backend, got {name!r}: set KERAS_BACKEND=tensorflow in the environment"
        )


def check_keras_version(version: str) -> None:
    """InputError for a Keras 3 below 3.15, whose model loading has known security holes."""
    found = tuple(int(part) for part in version.split(".")[:2])
    if (3, 0) <= found < MINIMUM_KERAS:
        raise InputError(
            f"Expected Keras 3.15 or newer, got {version}, which loads model files unsafely: "
            "upgrade by pip install 'keras>=3.15'"
        )


# Before the import: a backend that is not installed would fail inside Keras with a traceback.
check_backend(configured_backend())

from nlgan_tf.compat.quiet import import_tensorflow  # noqa: E402

import_tensorflow()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

check_keras_version(keras.__version__)
check_backend(keras.backend.backend())


def check_settings() -> None:
    """InputError for settings of Keras, from keras.json or a call, under which the networks cannot be built."""
    for name, expected, got in (
        ("image_data_format", "channels_last", keras.backend.image_data_format()),
        ("floatx", "float32", keras.backend.floatx()),
    ):
        if got != expected:
            raise InputError(
                f"Expected Keras's {name} to be {expected!r}, got {got!r}: change keras.json (in ~/.keras, or where "
                f"KERAS_HOME says), or call keras.backend.set_{name}({expected!r})"
            )


check_settings()

# Aggregation of a variable whose value is the first replica's on all replicas.
FIRST_REPLICA = tf.VariableAggregation.ONLY_FIRST_REPLICA if LEGACY else "only_first_replica"
LossScaleOptimizer = keras.mixed_precision.LossScaleOptimizer


def _import_addons():
    """tensorflow-addons, or None where it is not installed or cannot be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tensorflow-addons warns at each import of the end of its life.
        try:
            import tensorflow_addons
        except ImportError:
            return None
    return tensorflow_addons


# Imported now: a saved model may contain layers of tensorflow-addons.
addons = _import_addons() if LEGACY else None


class _LegacyModel(keras.Model):
    """Keras 2.15's Model with what `NLGAN` uses of Keras 3's."""

    @property
    def compiled(self) -> bool:
        return self._is_compiled

    def _get_optimizer(self, optimizer):
        """As Keras 3, where a model with optimizers of its own is compiled with None."""
        return None if optimizer is None else super()._get_optimizer(optimizer)

    @functools.wraps(keras.Model.fit)
    def fit(self, *args, **kwargs):
        # A fit whose validation failed would leave its validation data to the next fit.
        self._eval_data_handler = None
        return super().fit(*args, **kwargs)

    def export(self, filepath, input_signature) -> None:
        """As Keras 3's, which takes the signature from its caller."""
        archive = keras.export.ExportArchive()
        archive.track(self)
        archive.add_endpoint("serve", self.__call__, input_signature)
        archive.write_out(filepath)


class _BuiltModel(keras.Model):
    """Keras 3's Model for models that are built by their constructor."""

    def _maybe_symbolic_build(self, **_) -> None:
        """Nothing. Keras would draw a batch for building, and so change the order of the following batches."""


Model = _LegacyModel if LEGACY else _BuiltModel


def scale_loss(optimizer: keras.optimizers.Optimizer, loss: tf.Tensor) -> tf.Tensor:
    """The loss as the optimizer expects it to be differentiated: larger, where the optimizer scales for float16."""
    if not LEGACY:
        return optimizer.scale_loss(loss)
    return optimizer.get_scaled_loss(loss) if isinstance(optimizer, LossScaleOptimizer) else loss


def apply_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor], variables: Sequence[tf.Variable]
) -> None:
    """One update of the variables by the gradients of a scaled loss."""
    if LEGACY and isinstance(optimizer, LossScaleOptimizer):
        gradients = optimizer.get_unscaled_gradients(gradients)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def adam_slots(optimizer: keras.optimizers.Adam, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
    """m and v of a weight."""
    if not LEGACY:
        index = optimizer._get_variable_index(variable)
        return optimizer._momentums[index].value, optimizer._velocities[index].value
    index = optimizer._index_dict[optimizer._var_key(variable)]
    return optimizer._momentums[index], optimizer._velocities[index]


def variables_in_order(network: keras.Model) -> list:
    """All variables of a network, in an order that does not change with `trainable`, as that of `weights` does."""
    if not LEGACY:
        return network.variables
    layers = network._flatten_layers()
    variables = [variable for layer in layers for variable in layer._trainable_weights + layer._non_trainable_weights]
    # Once each: a wrapper lists the kernel of its layer too.
    return list({id(variable): variable for variable in variables}.values())


def negative_slope(layer: keras.layers.LeakyReLU) -> float:
    """The slope of a LeakyReLU below 0."""
    return float(layer.alpha if LEGACY else layer.negative_slope)


def draws_at_random(layer: keras.layers.Layer) -> bool:
    """Whether the layer is one of Keras's that draw random numbers."""
    return hasattr(layer, "_random_generator" if LEGACY else "seed_generator")


def synchronize(layer: keras.layers.BatchNormalization, over_replicas: bool) -> None:
    """Sets whether a batch norm takes its statistics over all replicas."""
    layer.synchronized = over_replicas
    if LEGACY and over_replicas:
        layer.fused = False  # The fused operation sees one replica alone.


def pass_over_epochs(dataset: tf.data.Dataset, epochs: int) -> None:
    """Leaves the data set's order as `fit` leaves the order after so many epochs.

    A set that shuffles does so anew for each iterator. Keras 3 makes an iterator for each epoch and another at its
    end; Keras 2.15 makes an iterator for each epoch, and another at the start of each `fit`.
    """
    for _ in range(epochs):
        for _ in dataset:
            pass
        if not LEGACY:
            iter(dataset)
