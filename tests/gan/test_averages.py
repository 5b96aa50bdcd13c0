import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.forked import output_of
from nlgan_tf.compat.keras import keras, variables_in_order
from nlgan_tf.errors import InputError
from nlgan_tf.gan.players import NETWORKS
from nlgan_tf.training.averaging import assign_weights

# In a process of its own: a CPU is split into logical devices before all else.
TWO_REPLICAS = """
import numpy as np
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.compat.keras import variables_in_order
from nlgan_tf.config import StageOneConfig
from nlgan_tf.gan.players import NETWORKS
from nlgan_tf.training.distribution import make_strategy

strategy = make_strategy("mirrored", "2")
assert strategy.num_replicas_in_sync == 2
with strategy.scope():
    config = StageOneConfig(width=0.1, spectral_layers="all", ema=0.99)
    model = nl.build_nlgan((8, 8, 1), nl.NoisePriors(0.7, 0.85), config)
images = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 1), dtype=np.uint8)
dataset = tf.data.Dataset.from_tensor_slices((images, np.tile([1, 0], 16))).batch(16)


def values(network):
    return [variable.numpy() for variable in variables_in_order(network)]


before = {name: values(getattr(model, name)) for name in NETWORKS}
model.fit(dataset.take(1), verbose=0)
for name in NETWORKS:
    average, raw = getattr(model, "averaged_" + name), getattr(model, name)
    for first, now, averaged, variable in zip(before[name], values(raw), values(average), variables_in_order(raw)):
        if variable.trainable:
            np.testing.assert_allclose(averaged, 0.1 * first + 0.9 * now, atol=1e-6)
model.fit(dataset, epochs=2, verbose=0)
for name in NETWORKS:
    variables = variables_in_order(getattr(model, "averaged_" + name))
    for local in strategy.run(lambda: [tf.convert_to_tensor(variable) for variable in variables]):
        one, other = strategy.experimental_local_results(local)
        np.testing.assert_array_equal(one.numpy(), other.numpy())
"""


def step(model, images, labels, first: int = 0) -> None:
    model.train_step((tf.constant(images[first : first + 16]), tf.constant(labels[first : first + 16])))


def trained(model, images, labels):
    """The model after two steps."""
    step(model, images, labels)
    step(model, images, labels, first=16)
    return model


def trainable(network: keras.Model, of: keras.Model) -> list[np.ndarray]:
    """Values of the variables of a network, or of its average, that the network `of` trains."""
    pairs = zip(variables_in_order(network), variables_in_order(of), strict=True)
    return [mine.numpy() for mine, its in pairs if its.trainable]


def with_networks(plain, model, prefix: str):
    """A model without averages that has, as its own networks, those of another model."""
    for name in NETWORKS:
        assign_weights(getattr(plain, name), getattr(model, prefix + name))
    return plain


def test_without_a_decay_the_networks_themselves_draw_and_predict(tiny_model):
    model = tiny_model(ema=0.0)
    assert model.judging_discriminator() is model.discriminator
    assert model.drawing_generators() == {1: model.positive_generator, 0: model.negative_generator}
    assert len(model.weights) < len(tiny_model(ema=0.9).weights)


def test_averages_change_nothing_of_the_training(tiny_model, images, labels):
    plain, averaged = (trained(tiny_model(ema=ema), images, labels) for ema in (0.0, 0.9))
    for name in NETWORKS:
        mine, theirs = getattr(plain, name), getattr(averaged, name)
        for a, b in zip(variables_in_order(mine), variables_in_order(theirs), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert len(averaged.trainable_variables) == len(plain.trainable_variables)


@pytest.mark.parametrize(("ema", "d"), [(0.99, (1 / 10, 2 / 11)), (0.15, (1 / 10, 0.15))])
def test_the_averages_of_two_steps_by_hand(tiny_model, images, labels, ema, d):
    model = tiny_model(ema=ema)
    seen = {name: [trainable(getattr(model, name), getattr(model, name))] for name in NETWORKS}
    for number in range(2):
        step(model, images, labels, first=16 * number)
        for name in NETWORKS:
            seen[name].append(trainable(getattr(model, name), getattr(model, name)))
    for name in NETWORKS:
        averages = trainable(getattr(model, f"averaged_{name}"), getattr(model, name))
        for w0, w1, w2, found in zip(*seen[name], averages, strict=True):
            assert np.any(w1 != w0), name
            assert np.any(w2 != w1), name
            first = d[0] * w0 + (1 - d[0]) * w1
            np.testing.assert_allclose(found, d[1] * first + (1 - d[1]) * w2, atol=1e-6)


def test_the_averages_predict_evaluate_and_draw(tiny_model, images, labels):
    # A high rate, so that the networks leave their averages behind.
    model = trained(tiny_model(ema=0.99, d_learning_rate=0.01, g_learning_rate=0.01), images, labels)
    averaged, raw = (with_networks(tiny_model(ema=0.0), model, prefix) for prefix in ("averaged_", ""))

    def outputs(one) -> list[np.ndarray]:
        evaluated = one.evaluate(images, labels, verbose=0, return_dict=True)
        return [one(images).numpy(), np.array([*evaluated.values()]), one.hallucinate(6, seed=1)[0]]

    for mine, theirs, others in zip(outputs(model), outputs(averaged), outputs(raw), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)
        assert np.any(mine != others)


@pytest.mark.slow
def test_averages_that_are_saved_and_continued_equal_undisturbed_ones(tiny_model, images, labels, tmp_path):
    def train(model, epochs):
        # Each epoch its own data order, so that both trainings see the same batches.
        for epoch in epochs:
            model.fit(nl.noisy_dataset(images, labels, 16, 48, seed=epoch), epochs=1, verbose=0)
        return model

    straight = train(tiny_model(ema=0.99), range(4))
    train(tiny_model(ema=0.99), range(2)).save(tmp_path / "model.keras")
    loaded = nl.load_model(tmp_path / "model.keras")
    assert loaded.ema == 0.99
    resumed = train(loaded, range(2, 4))
    for name in NETWORKS:
        for prefix in ("", "averaged_"):
            mine, theirs = getattr(straight, prefix + name), getattr(resumed, prefix + name)
            for a, b in zip(variables_in_order(mine), variables_in_order(theirs), strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_loaded_model_draws_and_predicts_by_its_averages(tiny_model, images, labels, tmp_path):
    model = trained(tiny_model(ema=0.99), images, labels)
    model.save(tmp_path / "model.keras")
    loaded = nl.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))
    np.testing.assert_array_equal(loaded.hallucinate(6)[0], model.hallucinate(6)[0])
    for name in NETWORKS:
        mine, theirs = getattr(model, name), getattr(loaded, name)
        for a, b in zip(trainable(mine, mine), trainable(theirs, theirs), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_exports_draw_and_predict_by_the_averages(tiny_model, images, labels, tmp_path):
    model = trained(tiny_model(ema=0.99, d_learning_rate=0.01, g_learning_rate=0.01), images, labels)
    raw = with_networks(tiny_model(ema=0.0), model, "")
    model.export(tmp_path / "whole")
    whole = tf.saved_model.load(tmp_path / "whole")
    np.testing.assert_allclose(whole.serve(tf.cast(images, tf.float32)), model.predict(images, verbose=0), atol=1e-5)
    generator = model.drawing_generators()[1]
    path = nl.export_generator(generator, tmp_path, "positive_generator", latent=model.latent, stream=1)
    served = tf.saved_model.load(str(path))
    drawn = served.signatures["sample"](num_samples=tf.constant(3, tf.int64), seed=tf.constant(0, tf.int64))[
        "images"
    ].numpy()
    assert np.abs(model.hallucinate(6)[0][:3] - drawn).max() <= 0.501
    assert np.abs(raw.hallucinate(6)[0][:3] - drawn).max() > 1


@pytest.mark.parametrize("ema", [1, 1.5, -0.1])
def test_a_decay_out_of_range_is_refused(tiny_model, ema):
    networks = [getattr(tiny_model(), name) for name in NETWORKS]
    with pytest.raises(InputError, match=f"^Expected ema to be at least 0 and below 1, got {ema}$"):
        nl.NLGAN(*networks, nl.NoisePriors(0.7, 0.85), ema=ema)


@pytest.mark.slow
def test_replicas_have_equal_averages(tmp_path):
    output_of(TWO_REPLICAS, log=tmp_path / "log")
