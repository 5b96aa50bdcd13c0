"""Exponential moving averages of weights (Polyak and Juditsky 1992), as a second network to infer with."""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf

from nlgan_tf.compat.keras import Model, keras, variables_in_order


def averaged_copy(network: keras.Model) -> keras.Model:
    """Returns a clone with the network's present weights, not trainable, for `follow` to move.

    Args:
        network: Functional model, built. Under a tf.distribute strategy the call belongs into its scope.
    """
    copy = keras.models.clone_model(network)
    copy.trainable = False
    assign_weights(copy, network)
    return copy


def assign_weights(target: keras.Model, source: keras.Model) -> None:
    """Sets all variables of a model to those of its clone, whatever is trainable in either."""
    for variable, value in _pairs(target, source):
        variable.assign(tf.convert_to_tensor(value))


def follow(copy: keras.Model, network: keras.Model, step: tf.Tensor, decay: float) -> None:
    """Moves the averages a by the weights w after a step of training: a <- d a + (1 - d) w.

    d = min(decay, (1 + t) / (10 + t)) forgets the initial weights soon, as in TensorFlow's ExponentialMovingAverage.
    Variables that hold integers (seeds, counters) stay as they are. Layers with a method `follow_kernel`
    (spectral normalisation) then follow their averaged kernel.

    Args:
        copy: Averages, made by `averaged_copy`.
        network: Network that is trained.
        step: Number t of steps made, any numeric scalar.
        decay: Largest d, in [0, 1).
    """
    t = tf.cast(step, tf.float32)
    d = tf.minimum(tf.constant(decay, tf.float32), (1 + t) / (10 + t))
    rest = 1 - d
    for average, weight in _pairs(copy, network):
        dtype = tf.as_dtype(average.dtype)
        if dtype.is_floating:
            old, new = tf.convert_to_tensor(average), tf.convert_to_tensor(weight)
            average.assign(tf.cast(d, dtype) * old + tf.cast(rest, dtype) * new)
    for layer in _layers(copy):
        if hasattr(layer, "follow_kernel"):
            layer.follow_kernel()


class AveragedTraining(Model):
    """A network in training together with the average of its weights, so that checkpoints hold both.

    Args:
        network: Functional model, built.
        decay: Decay of `follow`, in [0, 1).

    Attributes:
        network: Network that the optimizer moves.
        average: Network of the averaged weights.
    """

    def __init__(self, network: keras.Model, decay: float, **kwargs) -> None:
        super().__init__(**kwargs)
        self.network, self.average, self.decay = network, averaged_copy(network), decay
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.network(inputs, training=training)

    def train_step(self, data: tuple) -> dict[str, tf.Tensor]:
        """Keras's own step, which the average then follows."""
        logs = super().train_step(data)
        follow(self.average, self.network, self.optimizer.iterations, self.decay)
        return logs

    def get_config(self) -> dict:
        """Returns the arguments; Keras 2.15 asks for them whenever it saves weights."""
        network = keras.saving.serialize_keras_object(self.network)
        return {"network": network, "decay": self.decay, "name": self.name}


def _pairs(copy: keras.Model, network: keras.Model) -> Iterator[tuple]:
    return zip(variables_in_order(copy), variables_in_order(network), strict=True)


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yields the layers of a network, nested models' too."""
    for layer in network.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
