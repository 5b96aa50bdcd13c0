import numpy as np
import pytest

from nlgan_tf.errors import InputError
from nlgan_tf.gan.latent import check_latent, draw_latent


def test_uniform_values_fill_the_open_interval_from_minus_1_to_1():
    z = draw_latent(500, 100, "uniform", (0, 1)).numpy()
    assert z.shape == (500, 100)
    assert z.dtype == np.float32
    assert -1 <= z.min() < -0.99
    assert 0.99 < z.max() < 1
    assert z.mean() == pytest.approx(0, abs=0.01)


def test_normal_values_have_mean_0_and_deviation_1():
    z = draw_latent(500, 100, "normal", (0, 1)).numpy()
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))


@pytest.mark.parametrize("latent", ["uniform", "normal"])
def test_the_seed_decides_and_a_longer_draw_begins_with_the_shorter(latent):
    short, long, other = (
        draw_latent(3, 4, latent, (0, 1)),
        draw_latent(9, 4, latent, (0, 1)),
        draw_latent(3, 4, latent, (0, 2)),
    )
    np.testing.assert_array_equal(long[:3], short)
    assert np.all(short != other)


def test_an_unknown_distribution_is_refused():
    assert check_latent("normal") == "normal"
    with pytest.raises(InputError, match="Expected latent to be one of uniform, normal; got 'cauchy'"):
        check_latent("cauchy")
