"""The models that `exported_base` exported, as Keras models and as loaded signatures."""

import pytest
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras


@pytest.fixture(scope="session")
def classifier() -> keras.Model:
    """The one that `exported_base` exported: the same seed."""
    return nl.build_classifier((8, 8, 1), width=0.1)


@pytest.fixture(scope="session")
def generator() -> keras.Model:
    return nl.build_generator((8, 8, 1), latent_dim=7, width=0.1)


@pytest.fixture(scope="session")
def served(exported_base):
    """The signatures of a model, loaded from its version 1."""
    models = {
        name: tf.saved_model.load(str(exported_base / name / "1")) for name in ("classifier", "positive_generator")
    }
    return lambda name: models[name].signatures


@pytest.fixture
def low_precision():
    """Builds a model in a dtype policy of Keras."""

    def build(policy: str, builder, *arguments, **settings) -> keras.Model:
        before = keras.mixed_precision.global_policy() if hasattr(keras.mixed_precision, "global_policy") else "float32"
        keras.mixed_precision.set_global_policy(policy)
        try:
            return builder(*arguments, **settings)
        finally:
            keras.mixed_precision.set_global_policy(before)

    return build
