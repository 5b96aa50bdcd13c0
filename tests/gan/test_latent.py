import numpy as np
import pytest

from nlgan_tf.errors import InputError
from nlgan_tf.gan.latent import check_latent, draw_latent, latent_path


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


@pytest.mark.parametrize(("latent", "variance"), [("uniform", 1 / 3), ("normal", 1)])
def test_each_point_of_a_path_is_distributed_as_z(latent, variance):
    start, end = draw_latent(2, 50_000, latent, (0, 1))
    path = latent_path(start, end, 5, latent).numpy()
    np.testing.assert_allclose(path[0], start, atol=2e-6)
    np.testing.assert_allclose(path[-1], end, atol=2e-6)
    np.testing.assert_allclose(path.mean(axis=1), 0, atol=0.02)
    np.testing.assert_allclose(path.var(axis=1), variance, rtol=0.03)
    # Quartiles: of a uniform value 1/2, of a normal one 0.6745; the middle of a straight line has smaller ones.
    quartile = {"uniform": 0.5, "normal": 0.6745}[latent]
    np.testing.assert_allclose(np.quantile(path, 0.75, axis=1), quartile, atol=0.02)


def test_a_path_from_the_end_of_the_interval_is_finite():
    path = latent_path(np.float32([-1.0, 0]), np.float32([1.0, 0.5]), 3, "uniform").numpy()
    np.testing.assert_allclose(path[[0, -1]], [[-1, 0], [1, 0.5]], atol=2e-6)
    assert np.isfinite(path).all()


def test_a_path_has_two_ends():
    with pytest.raises(InputError, match=r"^Expected steps to be at least 2, got 1$"):
        latent_path(np.zeros(3, np.float32), np.zeros(3, np.float32), 1, "normal")
