import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import (
    Policy,
    RandomAffine,
    RandomColour,
    RandomCutout,
    RandomTranslation,
    augmentation,
    stage_one_augmentation,
    stage_two_augmentation,
)

SEED = tf.constant([1, 2], tf.int64)
GREY, PHOTO = (28, 28, 1), (32, 32, 3)
COLOUR, CUTOUT = RandomColour(brightness=0.2), RandomCutout(0.25)
POLICIES = {
    "digits": augmentation("digits"),
    "photos": augmentation("photos", 0.8, strength=0.8, cutout=0.25),
    "translated": stage_one_augmentation(StageOneConfig(translation=0.25, augment="digits"), GREY),
}


@pytest.fixture
def photos(rng) -> tf.Tensor:
    return tf.constant(rng.uniform(-1, 1, (400, 8, 8, 3)), tf.float32)


def test_parts_follow_one_another_with_seeds_of_their_own(photos):
    seeds = [tf.random.experimental.stateless_fold_in(SEED, number) for number in range(2)]
    np.testing.assert_array_equal(Policy((COLOUR, CUTOUT))(photos, SEED), CUTOUT(COLOUR(photos, seeds[0]), seeds[1]))
    twice = Policy([COLOUR, COLOUR])(photos, SEED) - photos
    added = np.mean(twice, axis=(1, 2, 3))
    assert np.abs(added).max() > 0.3
    assert np.abs(added).min() < 0.02


def test_the_probability_is_the_share_of_images_that_is_changed(photos):
    for probability in (0, 0.5, 1):
        changed = np.any(Policy((COLOUR, COLOUR), probability)(photos, SEED) != photos, axis=(1, 2, 3))
        assert changed.mean() == pytest.approx(probability, abs=0.07 if probability == 0.5 else 0)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_the_seed_decides_and_every_image_differs(policy, rng):
    images = tf.constant(np.repeat(rng.uniform(-1, 1, (1, 16, 16, 3)), 30, axis=0), tf.float32)
    first, again, other = (policy(images, tf.constant([5, seed])).numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
    assert len(np.unique(first, axis=0)) > 20


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_gradient_passes_in_compiled_functions(policy, photos, jit_compile):
    @tf.function(jit_compile=jit_compile)
    def gradient(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(policy(images, SEED))
        return tape.gradient(total, images)

    of_images = gradient(photos).numpy()
    assert np.isfinite(of_images).all()
    assert np.abs(of_images).sum(axis=(1, 2, 3)).min() > 0


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_keras_saves_and_loads(policy, photos):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(policy))
    assert again.get_config() == policy.get_config()
    np.testing.assert_array_equal(again(photos, SEED), policy(photos, SEED))


@pytest.mark.parametrize("side", [16, 28, 224])
def test_lengths_are_shares_of_the_side(side):
    """A dot in the middle of an image keeps to a tenth of the side."""
    images = np.full((20, side, side, 1), -1, np.float32)
    middle = slice(side // 2 - 1, side // 2 + 1)
    images[:, middle, middle] = 1
    light = augmentation("digits")(tf.constant(images), SEED).numpy()[..., 0] + 1
    offsets = np.stack(np.nonzero(light > 0.1)[1:]) + 0.5 - side / 2
    assert 0.05 < np.abs(offsets).max() / side < 2.5 / 28 + 1.6 / side


def test_the_policies_by_name(rng):
    images = tf.constant(rng.uniform(-1, 1, (50, 12, 12, 3)), tf.float32)
    assert augmentation(None) is None
    for policy in ("digits", "photos"):
        np.testing.assert_array_equal(augmentation(policy, strength=0)(images, SEED), images)
        assert np.any(augmentation(policy, strength=0, cutout=0.5)(images, SEED) != images)
        np.testing.assert_array_equal(augmentation(policy, probability=0)(images, SEED), images)
    (digits,) = augmentation("digits", strength=0.5).augmentations
    assert digits == RandomAffine(rotation=6, log_scale=0.06, shear=0.06, shift=1.25 / 28)
    assert augmentation("digits", cutout=0.2).augmentations[1] == RandomCutout(0.2, probability=0.5, fill=-1.0)
    affine, colour = augmentation("photos").augmentations
    assert affine == RandomAffine(8, 0.15, 0.08, 4 / 32, fill="reflect", flip=True)
    assert colour == RandomColour(0.25, 0.25, 0.4)


def test_refusals():
    with pytest.raises(InputError, match="Expected policy to be one of digits, photos, none; got 'faces'"):
        augmentation("faces")
    with pytest.raises(InputError, match="Expected strength to be finite and at least 0; got -1"):
        augmentation("digits", strength=-1)
    with pytest.raises(InputError, match="Expected probability to be finite and at least 0 and at most 1; got 2"):
        augmentation("digits", probability=2)


def test_the_stages_take_their_policies_from_their_configurations():
    assert stage_one_augmentation(StageOneConfig(), GREY) is stage_two_augmentation(StageTwoConfig(), GREY) is None
    translation = stage_one_augmentation(StageOneConfig(translation=0.25, translation_probability=0.5), GREY)
    assert translation.get_config() == RandomTranslation(0.25, 0.5).get_config()
    d_on_photos = stage_one_augmentation(StageOneConfig(augment="photos", augment_probability=0.9), PHOTO)
    assert d_on_photos == augmentation("photos", 0.9, strength=0.7)
    assert stage_two_augmentation(StageTwoConfig(augment="digits"), GREY) == augmentation("digits", 0.8)
    on_photos = stage_two_augmentation(StageTwoConfig(augment="photos"), PHOTO)
    assert on_photos == augmentation("photos", 0.8, strength=0.8, cutout=10 / 32)
    automatic = StageOneConfig(augment="auto")
    assert stage_one_augmentation(automatic, GREY) == augmentation("digits")
    assert stage_one_augmentation(automatic, PHOTO) == augmentation("photos", strength=0.7)
    both = stage_one_augmentation(StageOneConfig(translation=0.25, augment="digits"), GREY)
    assert isinstance(both.augmentations[0], RandomTranslation)
    assert both.augmentations[1] == augmentation("digits")


@pytest.mark.parametrize("settings", [{"augment": "digits", "translation": 0.0}, {"augment": "photos"}])
def test_an_nlgan_trains_with_its_policy_after_save_and_load(tiny_model, images, labels, tmp_path, settings):
    model = tiny_model(**settings)
    model.save(tmp_path / "model.keras")
    again = nl.load_model(tmp_path / "model.keras")
    assert again.augment.get_config() == model.augment.get_config()
    for each in (model, again):
        each.run_eagerly = True  # Three steps alone; test_a_training_step_with_a_policy_compiles_under_xla has graphs.
        each.fit(nl.noisy_dataset(images, labels, 16, 48), epochs=1, verbose=0)
    for mine, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["digits", "photos"])
def test_a_training_step_with_a_policy_compiles_under_xla(tiny_model, images, labels, policy):
    model = tiny_model(augment=policy)
    model.compile(jit_compile=True)
    history = model.fit(nl.noisy_dataset(images, labels, 16, 48), epochs=1, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
