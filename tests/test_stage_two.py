import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from helpers.noise import noise_and_labels
from helpers.stop_after import StopAfter
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.batches import noisy_dataset, soft_label_batches
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import RandomTranslation
from nlgan_tf.stage_two import (
    predict_logits,
    predict_probability,
    predict_views,
    train_classifier,
    train_on_stream,
)
from nlgan_tf.training.signals import Stopped, StopSignals
from nlgan_tf.training.survival import Survival

CONFIG = StageTwoConfig(epochs=3, batch_size=16, samples_per_epoch=48, width=0.1, learning_rate=1e-3)
MODERN = dataclasses.replace(
    CONFIG, network="small", width=0.25, schedule="cosine", weight_decay=0.01, beta_2=0.99, ema=0.9
)


def assert_equal(mine: keras.Model, theirs: keras.Model) -> None:
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def differ(mine: keras.Model, theirs: keras.Model) -> bool:
    pairs = zip(mine.get_weights(), theirs.get_weights(), strict=True)
    return any(a.shape != b.shape or np.any(a != b) for a, b in pairs)


def test_hard_labels_are_one_stream_of_many(images, labels):
    def stream():
        return noisy_dataset(images, labels, CONFIG.batch_size, CONFIG.samples_per_epoch, seed=3)

    mine = train_on_stream(stream, (8, 8, 1), CONFIG, seed=3)
    assert_equal(mine, train_classifier(images, labels, CONFIG, seed=3))


@pytest.mark.parametrize("network", ["paper", "small"])
def test_soft_labels_are_learnt_as_they_are(network):
    # Two colours; images of one are positive with .8, of the other with .2.
    images = np.repeat(np.array([40, 200], np.uint8), 16)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    labels = np.repeat([0.2, 0.8], 16)
    config = StageTwoConfig(
        epochs=6, batch_size=32, samples_per_epoch=640, width=0.2, learning_rate=5e-3, network=network, ema=0.9
    )
    classifier = train_on_stream(lambda: soft_label_batches(images, labels, None, None, 32, 640), (8, 8, 1), config)
    np.testing.assert_allclose(predict_probability(classifier, images), labels, atol=0.05)


@pytest.fixture(scope="module")
def plain() -> keras.Model:
    return train_classifier(*noise_and_labels(), CONFIG)


def test_the_average_is_returned_with_the_optimizer_s_state(images, labels, plain):
    averaged = train_classifier(images, labels, dataclasses.replace(CONFIG, ema=0.9))
    assert differ(plain, averaged)
    assert len(averaged.trainable_variables) == len(plain.trainable_variables)
    # The average follows the training and does not enter it: Adam's state is that of the plain training.
    for a, b in zip(averaged.optimizer.variables, plain.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("change", [{"schedule": "cosine"}, {"weight_decay": 0.1}, {"beta_2": 0.9}])
def test_each_setting_counts(images, labels, plain, change):
    assert differ(train_classifier(images, labels, dataclasses.replace(CONFIG, **change)), plain)


def test_the_cosine_takes_all_steps_of_the_training(images, labels):
    classifier = train_classifier(images, labels, dataclasses.replace(CONFIG, schedule="cosine"))
    assert classifier.optimizer.cosine_steps == 9 == int(classifier.optimizer.iterations)


class Recorded:
    """An augmentation that notes the seeds that it is called with, and changes nothing."""

    def __init__(self) -> None:
        self.seeds: list[tuple] = []

    def __call__(self, images, seed):
        noted = tf.py_function(lambda pair: self.seeds.append(tuple(pair.numpy().tolist())) or 0, [seed], tf.int64)
        with tf.control_dependencies([noted]):
            return tf.identity(images)


def test_each_step_is_augmented_by_a_seed_of_its_own(images, labels):
    def stream():
        return noisy_dataset(images, labels, 16, 48)

    first, again, other = Recorded(), Recorded(), Recorded()
    for augment, seed in ((first, 0), (again, 0), (other, 1)):
        train_on_stream(stream, (8, 8, 1), CONFIG, seed, augment=augment)
    # Batches that are read ahead of the end of an epoch are augmented too.
    assert len(set(first.seeds)) == len(first.seeds) >= 9
    assert first.seeds[:9] == again.seeds[:9]
    assert set(first.seeds).isdisjoint(other.seeds)


def train_with_all_parts(folder=None, signals=None) -> keras.Model:
    images, labels = noise_and_labels()
    soft = np.clip(labels, 0.2, 0.8)
    return train_on_stream(
        lambda: soft_label_batches(images, soft, images[::-1], soft[::-1], 16, 48, seed=1),
        (8, 8, 1),
        MODERN,
        survival=Survival(folder, "tests", signals or StopSignals(), say=lambda _: None, every=0),
        augment=RandomTranslation(0.25),
    )


@pytest.fixture(scope="module")
def straight() -> keras.Model:
    return train_with_all_parts()


@pytest.mark.slow
@pytest.mark.parametrize("asked", [0, 2, 4])
def test_a_killed_training_with_all_parts_resumes_to_the_same(tmp_path, straight, asked):
    with pytest.raises(Stopped):
        train_with_all_parts(tmp_path, StopAfter(asked))
    resumed = train_with_all_parts(tmp_path)
    assert_equal(straight, resumed)
    for a, b in zip(straight.optimizer.variables, resumed.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    # A training that was finished is not done again.
    assert_equal(straight, train_with_all_parts(tmp_path))


@pytest.fixture
def brightness() -> keras.Model:
    """Its logit is the mean of the image."""
    x = keras.Input((8, 8, 1))
    return keras.Model(x, keras.layers.GlobalAveragePooling2D()(x))


def darker(images, seed):
    return images - 1.0


def noisy(images, seed):
    return images + tf.random.stateless_normal((tf.shape(images)[0], 1, 1, 1), seed)


def test_the_probability_is_the_mean_over_views_of_which_the_first_is_the_image(brightness):
    images = np.full((3, 8, 8, 1), 255, np.uint8)
    np.testing.assert_allclose(predict_views(brightness, images, darker, 3), [[1] * 3, [0] * 3, [0] * 3], atol=1e-6)
    sigmoid = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(predict_probability(brightness, images), [sigmoid] * 3, rtol=1e-6)
    expected = (sigmoid + 0.5 + 0.5) / 3
    np.testing.assert_allclose(predict_probability(brightness, images, darker, 3), [expected] * 3, rtol=1e-6)


def test_views_are_a_function_of_the_seed_and_differ_between_images_and_views(brightness):
    # More than one batch of 512.
    images = np.full((600, 8, 8, 1), 100.0, np.float32)
    views = predict_views(brightness, images, noisy, 3, seed=1)
    assert views.shape == (3, 600)
    np.testing.assert_array_equal(views[0], predict_logits(brightness, images)[:, 0])
    assert len(np.unique(views[1:])) == 2 * 600
    np.testing.assert_array_equal(views, predict_views(brightness, images, noisy, 3, seed=1))
    assert np.all(views[1:] != predict_views(brightness, images, noisy, 3, seed=2)[1:])


def test_views_want_an_augmentation(brightness):
    images = np.zeros((2, 8, 8, 1), np.uint8)
    with pytest.raises(InputError, match="Expected an augmentation for views=2, got none"):
        predict_probability(brightness, images, views=2)
    with pytest.raises(InputError, match="Expected views to be at least 1, got 0"):
        predict_views(brightness, images, views=0)
