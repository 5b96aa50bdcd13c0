import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.compat.keras import LossScaleOptimizer, keras
from nlgan_tf.noise_rates.cross_validation import PATIENCE, STEPS_A_CHECK, Scores, WarmUp, score
from nlgan_tf.noise_rates.mixture import TwoGroups


def small_d(shape=(8, 8, 1)):
    return nl.build_discriminator(shape, width=0.1, spectral_layers="all")


@pytest.fixture
def shapes(rng):
    """80 noisy images, bright above for positives and below for negatives, and labels of which a fifth are wrong."""
    labels = np.tile([1, 0], 40)
    images = rng.integers(0, 100, (80, 8, 8, 1))
    images[labels == 1, :4] += 120
    images[labels == 0, 4:] += 120
    return images.astype(np.uint8), labels, nl.corrupt_labels(labels, nl.NoisePriors(0.8, 0.8), 0)


@pytest.mark.slow
def test_out_of_fold_scores_know_the_class_and_not_the_wrong_label(shapes):
    images, labels, noisy = shapes
    scores = WarmUp(small_d(), max_steps=100).out_of_fold(images, noisy, folds=4)
    assert np.mean((scores.logits < 0) == labels) > 0.95
    assert np.mean((scores.logits < 0)[noisy != labels] == noisy[noisy != labels]) < 0.2


@pytest.mark.slow
def test_learning_again_from_agreed_labels_draws_the_groups_apart(shapes):
    images, labels, _ = shapes
    noisy = nl.corrupt_labels(labels, nl.NoisePriors(0.7, 0.7), 0)
    warm_up = WarmUp(small_d(), max_steps=60)
    first = warm_up.out_of_fold(images, noisy, folds=4)
    again = warm_up.relearn(images, noisy, first, folds=4)
    assert warm_up._train_steps.experimental_get_tracing_count() == 1
    assert int(warm_up._optimizer.iterations) == STEPS_A_CHECK * len(again.held_out_loss)
    assert np.mean((again.logits < 0) == labels) >= np.mean((first.logits < 0) == labels)
    assert TwoGroups.fit(again.logits).ashman_d > TwoGroups.fit(first.logits).ashman_d
    rows = warm_up.cross_validated(images, noisy, 4, [0])
    for row, scores in zip(rows, (first, again), strict=True):
        np.testing.assert_array_equal(row, scores.logits[np.newaxis])


def test_float16_trains_with_scaled_losses(shapes):
    images, _, noisy = shapes
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        warm_up = WarmUp(small_d(), max_steps=20)
        logits = warm_up.out_of_fold(images, noisy, folds=2).logits
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert isinstance(warm_up._optimizer, LossScaleOptimizer)
    assert np.isfinite(logits).all()
    assert np.std(logits) > 0


def test_where_no_label_of_a_class_is_agreed_nothing_is_learned_again(shapes):
    images, _, noisy = shapes
    all_positive = Scores(np.full(len(images), -1, np.float32), 10, [])
    assert WarmUp(small_d()).relearn(images, noisy, all_positive) is all_positive


@pytest.mark.slow
def test_it_stops_at_the_lowest_held_out_loss(shapes, rng):
    images, _, noisy = shapes
    # Nothing can be learned from these labels, and a wide D without a norm memorises them at once.
    discriminator = nl.build_discriminator((8, 8, 1), spectral_norm=None, dropout=0.0)
    scores = WarmUp(discriminator, max_steps=400).out_of_fold(images, rng.permutation(noisy), folds=2)
    checks = scores.steps // STEPS_A_CHECK
    assert checks == np.argmin(scores.held_out_loss) + 1
    assert len(scores.held_out_loss) == checks + PATIENCE < 400 // STEPS_A_CHECK


@pytest.mark.slow
def test_a_second_training_repeats_the_first_and_d_stays_as_it_was(shapes):
    images, _, noisy = shapes
    discriminator = small_d()
    before = [weights.copy() for weights in discriminator.get_weights()]
    warm_up = WarmUp(discriminator, max_steps=20)
    first, second, other = (warm_up.out_of_fold(images, noisy, folds=2, seed=seed).logits for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert all(np.array_equal(*pair) for pair in zip(before, discriminator.get_weights(), strict=True))


@pytest.mark.slow
def test_in_sample_scores_come_with_the_weights_that_give_them(shapes):
    images, _, noisy = shapes
    discriminator = small_d()
    scores, weights = WarmUp(discriminator, max_steps=20).in_sample(images, noisy)
    assert not np.allclose(score(discriminator, images), scores.logits)
    discriminator.set_weights(weights)
    assert score(discriminator, images) == pytest.approx(scores.logits, abs=1e-5)


def test_a_subclassed_d_is_copied_too(shapes):
    @keras.saving.register_keras_serializable(package="tests")
    class Linear(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.flatten, self.logit = keras.layers.Flatten(), keras.layers.Dense(1)

        def call(self, images, training=False):
            return self.logit(self.flatten(images))

    images, labels, noisy = shapes
    assert WarmUp(Linear(), max_steps=20).out_of_fold(images, noisy, folds=2).logits.shape == labels.shape


@pytest.mark.parametrize("folds", [1, 41])
def test_folds_that_are_not_accepted(shapes, folds):
    images, labels, _ = shapes
    with pytest.raises(ValueError, match=f"Expected folds to be from 2 to 40, .* got {folds}"):
        WarmUp(small_d()).out_of_fold(images, labels, folds=folds)
