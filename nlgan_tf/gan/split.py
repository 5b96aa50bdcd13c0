"""D in two parts, so that what dropout does not touch is computed once a step."""

from __future__ import annotations

from nlgan_tf.stack import keras


class SplitDiscriminator:
    """A view of D as `head(trunk(images))`, the head starting at D's first Dropout; the weights are D's own.

    Dropout is off for the generators' losses and on for D's own (section 2.2.3 of the paper): the trunk,
    where nearly all work is done, gives the same features for both. Without a Dropout all of D is trunk;
    where D cannot be cut there (a subclassed model, a skip past the cut) all of it is head.
    """

    def __init__(self, discriminator: keras.Model) -> None:
        self.trunk, self.head = _split(discriminator)


def _split(discriminator: keras.Model):
    if not hasattr(discriminator, "inputs"):
        return _identity, discriminator
    dropout = next((layer for layer in discriminator.layers if isinstance(layer, keras.layers.Dropout)), None)
    if dropout is None:
        return discriminator, _identity
    try:
        return (
            keras.Model(discriminator.inputs, dropout.input, name="trunk"),
            keras.Model(dropout.input, discriminator.outputs, name="head"),
        )
    except ValueError:  # Keras: the graph is disconnected, as a layer past the cut needs one before it.
        return _identity, discriminator


def _identity(x, training: bool = False):
    return x
