import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.export.generator import generator_servable
from nlgan_tf.gan.latent import draw_latent


def test_the_generator_serves_public_images(served, generator):
    latent = np.random.default_rng(0).uniform(-1, 1, (3, 7)).astype(np.float32)
    images = served("positive_generator")["serving_default"](latent=tf.constant(latent))["images"]
    np.testing.assert_allclose(images, (generator(latent) + 1) * 127.5, atol=1e-3)
    assert images.dtype == tf.float32


def test_a_draw_is_a_function_of_its_seed(served, generator):
    sample = served("positive_generator")["sample"]
    five, two = (
        sample(num_samples=tf.constant(n, tf.int64), seed=tf.constant(3, tf.int64))["images"].numpy() for n in (5, 2)
    )
    np.testing.assert_allclose(five[:2], two, atol=1e-3)
    z = draw_latent(5, 7, "uniform", (3, 1))
    np.testing.assert_allclose(five, (generator(z) + 1) * 127.5, atol=1e-3)


def test_a_row_is_the_same_whatever_the_batch(served):
    rows = served("positive_generator")["sample_rows"]
    seeds = np.arange(-3, 30, dtype=np.int64)
    together = rows(seeds=tf.constant(seeds))["images"].numpy()
    for place in (0, 7, 32):
        alone = rows(seeds=tf.constant(seeds[place : place + 1]))["images"].numpy()
        np.testing.assert_array_equal(together[place], alone[0])
    assert len({image.tobytes() for image in together}) == len(seeds)


def test_png_are_the_rows_rounded(served):
    seeds = tf.constant([5, 9], tf.int64)
    images = served("positive_generator")["sample_rows"](seeds=seeds)["images"].numpy()
    for png, image in zip(served("positive_generator")["sample_png"](seeds=seeds)["png_bytes"], images, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(png), image.round())


@pytest.mark.parametrize("number", [0, -1, 1025, 2**62])
def test_too_many_images_are_refused(served, number):
    message = f"Expected num_samples to ask for 1 to 1024 images, got {number} images"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        served("positive_generator")["sample"](num_samples=tf.constant(number, tf.int64), seed=tf.constant(0, tf.int64))


def test_what_is_no_generator_is_refused(classifier, generator):
    with pytest.raises(ValueError, match=r"Expected a generator, .* got a model of \(None, 8, 8, 1\) -> \(None, 1\)"):
        generator_servable(classifier, "generator")
    with pytest.raises(ValueError, match="cauchy"):
        generator_servable(generator, "generator", latent="cauchy")
