import math

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment.affine import RandomAffine, warp

IDENTITY = [[1.0, 0.0], [0.0, 1.0]]
SEED = tf.constant([1, 2])
EVERYTHING = {"rotation": 30, "log_scale": 0.3, "shear": 0.2, "shift": 0.2}


def warped(image: list, linear: list, shift: tuple = (0.0, 0.0), fill: str = "constant") -> np.ndarray:
    images = tf.constant(image, tf.float32)[tf.newaxis, ..., tf.newaxis]
    return warp(images, tf.constant([linear]), tf.constant([shift]), fill)[0, ..., 0].numpy()


def test_shifts_by_hand():
    image = [[1, 2, 3], [4, 5, 6]]
    np.testing.assert_array_equal(warped(image, IDENTITY, (1.0, 0.0)), [[-1, 1, 2], [-1, 4, 5]])
    np.testing.assert_array_equal(warped(image, IDENTITY, (0.0, -1.0)), [[4, 5, 6], [-1, -1, -1]])
    np.testing.assert_array_equal(warped(image, IDENTITY, (0.5, 0.0)), [[0, 1.5, 2.5], [1.5, 4.5, 5.5]])
    np.testing.assert_array_equal(warped(image, IDENTITY, (1.0, 0.0), "reflect"), [[1, 1, 2], [4, 4, 5]])


def test_quarter_turn_scale_shear_and_flip_by_hand():
    turn, flip = [[0.0, -1.0], [1.0, 0.0]], [[-1.0, 0.0], [0.0, 1.0]]
    square = np.arange(9).reshape(3, 3)
    np.testing.assert_array_equal(warped(square, turn), np.rot90(square))
    np.testing.assert_array_equal(warped(square, flip), square[:, ::-1])
    np.testing.assert_array_equal(warped(warped(square, flip), flip), square)
    half = [[2.0, 0.0], [0.0, 2.0]]
    np.testing.assert_array_equal(warped(square, half), [[-1, -1, -1], [-1, 4, -1], [-1, -1, -1]])
    np.testing.assert_array_equal(warped(square, [[1.0, 1.0], [0.0, 1.0]]), [[-1, 0, 1], [3, 4, 5], [7, 8, -1]])


def test_the_shift_moves_what_the_linear_part_made():
    square = np.arange(9).reshape(3, 3)
    turned = warped(square, [[0.0, -1.0], [1.0, 0.0]], (0.0, 1.0))
    np.testing.assert_array_equal(turned, [[-1, -1, -1], *np.rot90(square)[:2]])


@pytest.mark.parametrize("fill", ["constant", "reflect"])
def test_no_strength_and_no_probability_leave_images_exactly_as_they_are(rng, fill):
    images = tf.constant(rng.uniform(-1, 1, (20, 16, 11, 3)), tf.float32)
    np.testing.assert_array_equal(RandomAffine(fill=fill)(images, SEED), images)
    never = RandomAffine(**EVERYTHING, fill=fill, flip=True, probability=0)
    np.testing.assert_array_equal(never(images, SEED), images)


def test_each_image_of_the_chosen_share_is_mapped_in_its_own_way(rng):
    images = tf.constant(np.repeat(rng.uniform(-1, 1, (1, 12, 12, 1)), 400, axis=0), tf.float32)
    always = RandomAffine(**EVERYTHING)(images, SEED).numpy()
    assert len(np.unique(always, axis=0)) == 400
    sometimes = RandomAffine(**EVERYTHING, probability=0.5)(images, SEED).numpy()
    assert np.any(sometimes != images, axis=(1, 2, 3)).mean() == pytest.approx(0.5, abs=0.07)


def test_the_seed_decides(rng):
    images = tf.constant(rng.uniform(-1, 1, (20, 8, 8, 1)), tf.float32)
    augment = RandomAffine(**EVERYTHING)
    first, again, other = (augment(images, tf.constant([1, seed])) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_half_of_the_images_are_flipped(rng):
    images = rng.uniform(-1, 1, (400, 6, 6, 3)).astype(np.float32)
    flipped = RandomAffine(flip=True)(tf.constant(images), SEED).numpy()
    mirrored = np.all(flipped == images[:, :, ::-1], axis=(1, 2, 3))
    assert np.all(mirrored | np.all(flipped == images, axis=(1, 2, 3)))
    assert mirrored.mean() == pytest.approx(0.5, abs=0.07)


def moments(augment: RandomAffine, side: int = 41, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances of the light of a white disc, in pixels from the image's centre."""
    position = np.arange(side) - (side - 1) / 2
    y, x = np.meshgrid(position, position, indexing="ij")
    disc = np.where(np.hypot(x, y) < side / 5, 1.0, -1.0).astype(np.float32)
    images = tf.constant(np.repeat(disc[np.newaxis, ..., np.newaxis], n, axis=0))
    light = (augment(images, SEED).numpy()[..., 0] + 1) / 2
    light /= light.sum(axis=(1, 2), keepdims=True)
    points = np.stack([x, y])
    means = np.einsum("nij,pij->np", light, points)
    return means, np.einsum("nij,pij,qij->npq", light, points, points) - np.einsum("np,nq->npq", means, means)


def test_shifts_are_uniform_up_to_the_share_of_the_side():
    means, _ = moments(RandomAffine(shift=0.1))
    assert 4.0 < np.abs(means).max() < 4.11
    np.testing.assert_allclose(means.std(axis=0), 4.1 / math.sqrt(3), rtol=0.1)
    np.testing.assert_allclose(means.mean(axis=0), 0, atol=0.35)


def test_scales_are_log_uniform_and_the_width_s_once_more():
    _, covariance = moments(RandomAffine(log_scale=0.2), side=81)
    _, whole = moments(RandomAffine(), side=81, n=1)
    log_width, log_height = (np.log(covariance[:, i, i] / whole[0, i, i]) / 2 for i in (0, 1))
    assert 0.19 < np.abs(log_height).max() < 0.21
    assert 0.09 < np.abs(log_width - log_height).max() < 0.11
    assert np.corrcoef(log_height, log_width - log_height)[0, 1] == pytest.approx(0, abs=0.15)


def test_rotations_reach_their_bound_to_both_sides():
    bar = np.full((400, 41, 41, 1), -1, np.float32)
    bar[:, 20, 5:36] = 1
    turned = RandomAffine(rotation=20)(tf.constant(bar), SEED).numpy()[..., 0]
    column = (turned[:, :, 32] + 1) / np.sum(turned[:, :, 32] + 1, axis=1, keepdims=True)
    angles = np.degrees(np.arctan(column @ (np.arange(41) - 20.0) / 12))
    assert angles.max() == pytest.approx(20, abs=0.6)
    assert angles.min() == pytest.approx(-20, abs=0.6)


def test_a_shear_moves_rows_and_leaves_the_middle_row():
    line = np.full((400, 21, 41, 1), -1, np.float32)
    line[:, :, 20] = 1
    sheared = RandomAffine(shear=0.5)(tf.constant(line), SEED).numpy()[..., 0]
    np.testing.assert_array_equal(sheared[:, 10], line[:, 10, :, 0])
    of_top = ((sheared[:, 0] + 1) / 2) @ (np.arange(41) - 20.0)
    of_bottom = ((sheared[:, -1] + 1) / 2) @ (np.arange(41) - 20.0)
    np.testing.assert_allclose(of_top, -of_bottom, atol=1e-3)
    assert 4.8 < np.abs(of_top).max() <= 5


@pytest.mark.parametrize(("fill", "kept"), [("constant", 3 * 5), ("reflect", 4 * 6)])
def test_the_gradient_of_a_shift_is_one_a_pixel_that_stays(fill, kept):
    images = tf.Variable(tf.zeros((1, 4, 6, 1)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(warp(images, tf.constant([IDENTITY]), tf.constant([[1.0, -1.0]]), fill))
    assert np.sum(tape.gradient(total, images)) == kept


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rotation": -1}, "Expected rotation to be finite and at least 0; got -1"),
        ({"log_scale": float("nan")}, "Expected log_scale to be finite and at least 0; got nan"),
        ({"shift": 2}, "Expected shift to be finite and at least 0 and at most 1; got 2"),
        ({"probability": 1.5}, "Expected probability to be finite and at least 0 and at most 1; got 1.5"),
        ({"fill": "wrap"}, "Expected fill to be one of constant, reflect; got 'wrap'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        RandomAffine(**settings)
