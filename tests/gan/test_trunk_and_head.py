import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.gan.trunk_and_head import SplitDiscriminator


class TestSplitDiscriminator:
    def test_the_parts_make_the_whole(self, tiny_model):
        discriminator = tiny_model().discriminator
        split = SplitDiscriminator(discriminator)
        images = tf.random.stateless_normal((3, 8, 8, 1), (0, 1))
        np.testing.assert_array_equal(split.head(split.trunk(images)), discriminator(images))
        assert not any(isinstance(layer, keras.layers.Dropout) for layer in split.trunk.layers)

    def test_without_dropout_all_is_trunk(self):
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
        split = SplitDiscriminator(model)
        assert split.trunk is model
        assert split.head(3) == 3

    def test_a_skip_past_the_dropout_leaves_all_to_the_head(self):
        inputs = keras.Input((4,))
        x = keras.layers.Dropout(0.5)(keras.layers.Dense(4)(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Add()([x, inputs])))
        split = SplitDiscriminator(model)
        assert split.head is model
        assert split.trunk(3) == 3

    @pytest.mark.parametrize("layer", [keras.layers.BatchNormalization(), keras.layers.GaussianDropout(0.5)])
    def test_batch_statistics_or_noise_before_the_cut_leave_all_to_the_head(self, layer):
        inputs = keras.Input((4,))
        x = keras.layers.Dropout(0.5)(layer(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1)(x))
        assert SplitDiscriminator(model).head is model

    def test_minibatches_go_in_one_call_unless_batch_norm_would_mix_them(self, rng):
        inputs = keras.Input((4,))
        features = np.concatenate([np.ones((3, 4)), rng.normal(size=(5, 4))]).astype(np.float32)
        minibatches = np.repeat([1, 0], [3, 5])
        dense = SplitDiscriminator(keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dropout(0.5)(inputs))))
        normal, constant = dense.logits(features, minibatches, count=2, training=False)
        np.testing.assert_allclose(constant, dense.head(features[:3]), rtol=1e-6)
        np.testing.assert_allclose(normal, dense.head(features[3:]), rtol=1e-6)
        normalised = SplitDiscriminator(keras.Model(inputs, keras.layers.BatchNormalization(epsilon=1e-6)(inputs)))
        normal, constant = normalised.logits(features, minibatches, count=2, training=True)
        np.testing.assert_allclose(constant, np.zeros((3, 4)), atol=1e-3)
        np.testing.assert_allclose(np.mean(normal, axis=0), np.zeros(4), atol=1e-5)
        np.testing.assert_allclose(np.std(normal, axis=0), np.ones(4), atol=1e-3)

    def test_a_subclassed_model_is_left_whole(self):
        class Subclassed(keras.Model):
            def call(self, x, training=False):
                return x

        model = Subclassed()
        assert SplitDiscriminator(model).head is model
