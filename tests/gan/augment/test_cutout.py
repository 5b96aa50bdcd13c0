import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment.cutout import RandomCutout

SEED = tf.constant([1, 2])


def cut_pixels(augment: RandomCutout, height: int = 20, width: int = 32, n: int = 600) -> np.ndarray:
    """Whether each pixel of images of ones was cut, shape (n, height, width); cut pixels must have the fill."""
    result = augment(tf.ones((n, height, width, 3)), SEED).numpy()
    assert set(np.unique(result)) <= {1.0, np.float32(augment.fill)}
    assert np.all(result == result[..., :1])
    return result[..., 0] != 1


def test_the_square_has_the_share_of_the_shorter_side():
    cut = cut_pixels(RandomCutout(0.25, fill=-1))
    heights, widths = cut.any(axis=2).sum(axis=1), cut.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(cut.sum(axis=(1, 2)), heights * widths)
    assert heights.max() == widths.max() == 5
    # A square whose middle is at an edge loses half of itself.
    assert min(heights.min(), widths.min()) in (2, 3)


def test_the_middle_is_uniform():
    cut = cut_pixels(RandomCutout(0.25), n=4000)
    inner = cut.mean(axis=0)[3:-3, 3:-3]
    np.testing.assert_allclose(inner, 25 / (20 * 32), atol=0.014)


def test_each_image_of_the_chosen_share_is_cut_in_its_own_way():
    cut = cut_pixels(RandomCutout(0.25, probability=0.5))
    assert cut.any(axis=(1, 2)).mean() == pytest.approx(0.5, abs=0.06)
    assert len(np.unique(cut, axis=0)) > 200
    assert not cut_pixels(RandomCutout(0.25, probability=0)).any()
    assert not cut_pixels(RandomCutout(0)).any()
    np.testing.assert_array_equal(cut, cut_pixels(RandomCutout(0.25, probability=0.5)))


def test_cut_pixels_pass_no_gradient():
    images = tf.Variable(tf.ones((30, 8, 8, 1)))
    with tf.GradientTape() as tape:
        result = RandomCutout(0.5)(images, SEED)
    np.testing.assert_array_equal(tape.gradient(result, images), result)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"side": 1.5}, "Expected side to be finite and at least 0 and at most 1; got 1.5"),
        ({"side": 0.5, "probability": -1}, "Expected probability to be finite and at least 0 and at most 1; got -1"),
        ({"side": 0.5, "fill": 255}, "Expected fill to be finite and at least -1 and at most 1; got 255"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        RandomCutout(**settings)
