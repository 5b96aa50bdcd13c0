import numpy as np
import pytest
import tensorflow as tf

from helpers.forked import output_of
from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.dropout import CountedDropout
from nlgan_tf.networks.spectral import ExactSpectralNormalization
from nlgan_tf.training.averaging import AveragedTraining, assign_weights, averaged_copy, follow
from nlgan_tf.training.optimizers import FusedAdam

# In a process of its own: a CPU is split into logical devices before all else.
TWO_REPLICAS = """
import numpy as np
import tensorflow as tf

from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.training.averaging import assign_weights, averaged_copy, follow
from nlgan_tf.training.distribution import make_strategy


def discriminator(seed):
    return build_discriminator((8, 8, 1), spectral_norm="exact", spectral_layers="all", width=0.1, seed=seed)


strategy = make_strategy("mirrored", "2")
with strategy.scope():
    trained, copy = discriminator(1), averaged_copy(discriminator(0))
step = tf.function(lambda: strategy.run(lambda: follow(copy, trained, tf.constant(0), 0.9)))
step()
alone = averaged_copy(discriminator(0))
follow(alone, discriminator(1), 0, 0.9)
local = strategy.run(lambda: [tf.convert_to_tensor(variable) for variable in copy.weights])
for expected, values in zip(alone.get_weights(), local, strict=True):
    for got in strategy.experimental_local_results(values):
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6, atol=1e-7)
assert strategy.num_replicas_in_sync == 2
"""


def network() -> keras.Model:
    """One weight w = 1, and a dropout whose counter is an integer."""
    x = keras.Input((1,))
    y = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="dense")(x)
    return keras.Model(x, CountedDropout(0.5, name="dropout")(y))


def weight(model) -> float:
    return model.get_layer("dense").kernel.numpy().item()


def set_weight(model, value: float) -> None:
    model.get_layer("dense").kernel.assign([[value]])


def test_a_copy_has_equal_weights_and_nothing_to_train():
    trained = network()
    set_weight(trained, 3.0)
    copy = averaged_copy(trained)
    assert weight(copy) == 3.0
    assert copy.trainable_variables == []
    assert len(trained.trainable_variables) == 1
    set_weight(trained, 4.0)
    assert weight(copy) == 3.0


def test_two_steps_by_hand():
    trained = network()
    copy = averaged_copy(trained)
    set_weight(trained, 3.0)
    follow(copy, trained, tf.constant(0, tf.int64), 0.99)  # d = 1 / 10
    assert weight(copy) == pytest.approx(0.1 * 1 + 0.9 * 3)
    set_weight(trained, 5.0)
    follow(copy, trained, tf.constant(1, tf.int64), 0.99)  # d = 2 / 11
    assert weight(copy) == pytest.approx(2 / 11 * 2.8 + 9 / 11 * 5)


@pytest.mark.parametrize(("step", "d"), [(0, 0.1), (8, 0.5), (9, 0.5), (10**6, 0.5)])
def test_d_rises_with_the_steps_up_to_the_decay(step, d):
    trained = network()
    copy = averaged_copy(trained)
    set_weight(trained, 2.0)
    follow(copy, trained, step, 0.5)
    assert weight(copy) == pytest.approx(d * 1 + (1 - d) * 2)


def test_integers_stay_as_they_are():
    trained = network()
    copy = averaged_copy(trained)
    trained(tf.ones((1, 1)), training=True)
    follow(copy, trained, 0, 0.9)
    assert int(trained.get_layer("dropout").calls) == 1
    assert int(copy.get_layer("dropout").calls) == 0


def test_batch_statistics_are_averaged_too():
    x = keras.Input((1,))
    trained = keras.Model(x, keras.layers.BatchNormalization(momentum=0.5, name="norm")(x))
    copy = averaged_copy(trained)
    trained(tf.fill((4, 1), 8.0), training=True)
    follow(copy, trained, 0, 0.9)
    assert copy.get_layer("norm").moving_mean.numpy().item() == pytest.approx(0.9 * 4)


def discriminator(seed: int = 0) -> keras.Model:
    return build_discriminator((8, 8, 1), spectral_norm="exact", spectral_layers="all", width=0.1, seed=seed)


def spectral_layers(model: keras.Model) -> list[ExactSpectralNormalization]:
    return [layer for layer in model.layers if isinstance(layer, ExactSpectralNormalization)]


def test_singular_vectors_follow_the_averaged_kernels():
    trained, other = discriminator(0), discriminator(1)
    copy = averaged_copy(trained)
    assign_weights(trained, other)

    @tf.function
    def moved(step):
        for layer in spectral_layers(trained):
            layer.follow_kernel()
        follow(copy, trained, step, 0.9)

    for step in range(150):
        moved(tf.constant(step))
    assert len(spectral_layers(copy)) == 4
    for layer, its_trained in zip(spectral_layers(copy), spectral_layers(trained), strict=True):
        kernel = layer.layer.kernel.numpy()
        np.testing.assert_allclose(kernel, its_trained.layer.kernel.numpy(), atol=1e-5)
        matrix = kernel.reshape(-1, kernel.shape[-1])
        sigma = np.linalg.norm(layer.left.numpy() @ matrix)
        assert sigma == pytest.approx(np.linalg.svd(matrix, compute_uv=False)[0], rel=1e-3)


def test_a_training_of_keras_moves_the_average():
    images = np.ones((6, 1), np.float32)
    trained = AveragedTraining(network(), 0.9)
    trained.compile(FusedAdam(0.1), loss="mse")
    trained.fit(images, 5 * images, batch_size=2, epochs=1, shuffle=False, verbose=0)
    # Adam's first steps under a gradient of one sign are about its rate, whatever the dropout's zeros are.
    path = [1.0]
    average = 1.0
    again = network()
    again.compile(FusedAdam(0.1), loss="mse")
    for step in (1, 2, 3):
        again.fit(images[:2], 5 * images[:2], batch_size=2, epochs=1, shuffle=False, verbose=0)
        path.append(weight(again))
        d = (1 + step) / (10 + step)
        average = d * average + (1 - d) * path[-1]
    assert weight(trained.network) == path[-1] > 1
    assert weight(trained.average) == pytest.approx(average, rel=1e-6)
    assert int(trained.average.get_layer("dropout").calls) == 0


def test_its_weights_are_both_networks_and_its_configuration_is_that_of_its_arguments(tmp_path):
    trained = AveragedTraining(network(), 0.9)
    set_weight(trained.network, 2.0)
    set_weight(trained.average, 3.0)
    trained.save_weights(tmp_path / "both.weights.h5")
    again = AveragedTraining(network(), 0.9)
    again.load_weights(tmp_path / "both.weights.h5")
    assert (weight(again.network), weight(again.average)) == (2.0, 3.0)
    config = trained.get_config()
    assert config["decay"] == 0.9
    assert config["network"]["config"]["name"] == trained.network.name


@pytest.mark.slow
def test_replicas_average_as_one_device_does(tmp_path):
    output_of(TWO_REPLICAS, log=tmp_path / "log")
