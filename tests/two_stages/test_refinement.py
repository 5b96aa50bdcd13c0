import dataclasses

import numpy as np
import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.errors import InputError
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.training.precision import computing_in, float32_copy
from nlgan_tf.two_stages.refinement import copied_critic, own_critic, refine_generators

CONFIG = StageOneConfig(batch_size=8, samples_per_epoch=16, refine_epochs=2, width=0.1)
POSTERIOR = np.tile(np.float32([0.9, 0.1]), 20)


def test_trains_for_the_configured_epochs_and_changes_what_is_drawn(tiny_model, images, labels):
    model = tiny_model()
    before, _ = model.hallucinate(4)
    judged = model.predict(images, verbose=0)
    rows = refine_generators(model, images, labels, POSTERIOR, CONFIG)
    assert [row["epoch"] for row in rows] == [0, 1]
    assert not np.array_equal(model.hallucinate(4)[0], before)
    np.testing.assert_array_equal(model.predict(images, verbose=0), judged)


def test_the_same_seed_gives_the_same_images(tiny_model, images, labels):
    drawn = []
    for _ in range(2):
        model = tiny_model()
        refine_generators(model, images, labels, POSTERIOR, CONFIG, seed=3)
        drawn.append(model.hallucinate(4)[0])
    np.testing.assert_array_equal(*drawn)


def features_of(network, images):
    return keras.Model(network.input, network.get_layer("fc_relu").output)(images / np.float32(255))


def test_a_copied_critic_starts_with_ds_features_and_leaves_d_alone(tiny_model, images, labels):
    model = tiny_model(ema=0.9)
    critic, judge = copied_critic(model), model.judging_discriminator()
    of_critic, of_judge = (features_of(network, images[:4]) for network in (critic, judge))
    np.testing.assert_array_equal(of_critic, of_judge)
    before = [np.array(weight) for weight in judge.get_weights()]
    refine_generators(model, images, labels, POSTERIOR, dataclasses.replace(CONFIG, critic="copy"))
    for one, other in zip(before, judge.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_critic_of_its_own_computes_as_the_models_networks(tiny_model):
    with computing_in("float16"):
        model = tiny_model()
    assert own_critic(model, (8, 8, 1), 0.1).compute_dtype == "float16"


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_copied_critic_computes_in_float32_and_the_generators_as_before(tiny_model, images, labels, precision):
    with computing_in(precision):
        model = tiny_model()
    critic = copied_critic(model)
    assert {layer.compute_dtype for layer in critic.layers} == {"float32"}
    of_critic, of_d = (features_of(network, images[:4]) for network in (critic, float32_copy(model.discriminator)))
    np.testing.assert_array_equal(of_critic, of_d)
    refine_generators(model, images, labels, POSTERIOR, CONFIG)
    assert model.positive_generator.compute_dtype == precision
    assert all(np.isfinite(weight).all() for weight in model.positive_generator.get_weights())


def test_critics_differ_in_what_they_draw(tiny_model, images, labels):
    drawn = []
    for critic in ("copy", "own"):
        model = tiny_model()
        refine_generators(model, images, labels, POSTERIOR, dataclasses.replace(CONFIG, critic=critic))
        drawn.append(model.hallucinate(4)[0])
    assert not np.array_equal(*drawn)


def test_a_d_without_a_dropout_has_no_copy_but_a_critic_of_its_own(tiny_model, images, labels):
    parts = tiny_model()
    inputs = keras.Input((8, 8, 1))
    bare = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
    model = NLGAN(bare, parts.positive_generator, parts.negative_generator, parts.priors)
    model.compile()
    with pytest.raises(InputError, match="critic=own"):
        refine_generators(model, images, labels, POSTERIOR, CONFIG)
    assert refine_generators(model, images, labels, POSTERIOR, dataclasses.replace(CONFIG, critic="own"))
