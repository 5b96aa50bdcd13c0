import re

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.brightness import brightness_nlgan
from nlgan_tf.data.near_copies import NearCopies
from nlgan_tf.data.pixels import to_public_range
from nlgan_tf.errors import InputError
from nlgan_tf.gan.drawing import HowToDraw, confidence_by, draw_set, interpolations, positive_probability
from nlgan_tf.gan.latent import draw_latent

PRIORS = nl.NoisePriors(0.7, 0.85)


@pytest.fixture(scope="module")
def divided() -> nl.NLGAN:
    """An NLGAN whose D is sure at 0.6 of about half of what each generator draws."""
    return brightness_nlgan(slope=-23.2, offset=-0.047)


def drawn_by(model: nl.NLGAN, label: int, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
    z = temperature * draw_latent(n, model.latent_dim, model.latent, (seed, label))
    return to_public_range(model.drawing_generators()[label](z, training=False)).numpy()


def sure_of(model: nl.NLGAN, label: int, images: np.ndarray) -> np.ndarray:
    positive = model.predict(images, verbose=0)
    return positive if label else 1 - positive


def test_without_settings_the_images_are_the_generators_own(tiny_model):
    model = tiny_model(ema=0.9)
    images, _ = model.hallucinate(7, seed=3)
    np.testing.assert_array_equal(images, np.concatenate([drawn_by(model, 1, 4, 3), drawn_by(model, 0, 3, 3)]))
    assert draw_set(model, 7, 3).passed == {1: 1, 0: 1}


@pytest.mark.parametrize("latent", ["uniform", "normal"])
def test_the_temperature_is_a_factor_on_z(tiny_model, latent):
    model = tiny_model(latent=latent)
    images, _ = model.hallucinate(6, seed=1, temperature=0.5)
    wanted = np.concatenate([drawn_by(model, label, 3, 1, temperature=0.5) for label in (1, 0)])
    np.testing.assert_array_equal(images, wanted)
    assert (images != model.hallucinate(6, seed=1)[0]).any()


def test_the_images_are_the_first_that_d_is_sure_of(divided):
    drawn = draw_set(divided, 40, 2, HowToDraw(min_confidence=0.6))
    assert drawn.labels.tolist() == [1] * 20 + [0] * 20
    for label in (1, 0):
        stream = drawn_by(divided, label, 400, 2)
        places = np.flatnonzero(sure_of(divided, label, stream) >= 0.6)[:20]
        np.testing.assert_array_equal(drawn.images[drawn.labels == label], stream[places])
        assert drawn.tried[label] == places[-1] + 1 > 20
        assert drawn.passed[label] == 20 / drawn.tried[label]


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_a_longer_set_begins_with_the_shorter(divided, n):
    few, many = (divided.hallucinate(size, 2, min_confidence=0.6) for size in (n, 40))
    for label in (1, 0):
        mine = few[0][few[1] == label]
        np.testing.assert_array_equal(mine, many[0][many[1] == label][: len(mine)])
    np.testing.assert_array_equal(few[0], divided.hallucinate(n, 2, min_confidence=0.6)[0])


def test_averaged_weights_judge(tiny_model):
    model = tiny_model(ema=0.9)
    head = model.averaged_discriminator.layers[-1].layer
    head.kernel.assign(tf.zeros_like(head.kernel))
    head.bias.assign([-9.0])
    # The averaged D takes all images for positives, and D itself, whose output is near 0.5, is sure of none.
    np.testing.assert_array_equal(model.hallucinate(1, min_confidence=0.99)[0], model.hallucinate(1)[0])
    with pytest.raises(InputError, match=r"among 20 that G_N drew, got 0 \(0.0%\): train again, or for longer$"):
        model.hallucinate(2, min_confidence=0.99)


def test_too_few_are_refused_with_the_threshold_that_would_do(divided):
    with pytest.raises(InputError) as error:
        divided.hallucinate(20, seed=2, min_confidence=0.9999)
    would_do = float(re.search(r"up to (\S+) would do$", str(error.value))[1])
    assert str(error.value) == (
        "Expected 10 images with P(class) of at least min_confidence=0.9999 among 200 that G_P drew, got 0 (0.0%): "
        f"up to {would_do:g} would do"
    )
    sure = sure_of(divided, 1, drawn_by(divided, 1, 200, 2))
    assert np.sum(sure >= would_do) >= 10 > np.sum(sure >= would_do + 0.01)


@pytest.mark.parametrize("value", [0.49, 1.0, 1.5, float("nan"), "0.9"])
def test_a_confidence_out_of_range_is_refused(divided, value):
    with pytest.raises(InputError, match=r"^Expected min_confidence to be at least 0.5 and below 1, or None; got"):
        divided.hallucinate(2, min_confidence=value)


@pytest.mark.parametrize("share", [0.8, 0.3])
def test_the_surest_are_kept_in_the_order_in_which_they_were_drawn(divided, share):
    drawn = draw_set(divided, 25, 2, HowToDraw(keep_surest=share))
    for label, kept, tried in ((1, 13, {0.8: 16, 0.3: 43}[share]), (0, 12, {0.8: 15, 0.3: 40}[share])):
        stream = drawn_by(divided, label, tried, 2)
        sure = sure_of(divided, label, stream)
        # Of equally sure ones the first.
        surest = np.lexsort((np.arange(tried), -sure))[:kept]
        np.testing.assert_array_equal(drawn.images[drawn.labels == label], stream[np.sort(surest)])
        assert drawn.tried[label] == tried
    np.testing.assert_array_equal(divided.hallucinate(25, 2, keep_surest=share)[0], drawn.images)


def test_a_least_confidence_takes_the_place_of_a_share(divided):
    both, alone = (divided.hallucinate(9, 2, 0.6, keep_surest=share)[0] for share in (0.5, 1.0))
    np.testing.assert_array_equal(both, alone)


@pytest.fixture(scope="module")
def originals(divided) -> np.ndarray:
    """Images as the generators draw, and the fourth and eighth image of either one's seed 2."""
    others = divided.hallucinate(60, seed=9)[0]
    return np.concatenate([others, *(drawn_by(divided, label, 8, 2)[[3, 7]] for label in (1, 0))])


@pytest.mark.parametrize("settings", [{}, {"keep_surest": 0.5}, {"min_confidence": 0.6}])
def test_near_copies_are_left_out_and_more_are_drawn(divided, originals, settings):
    drawn = draw_set(divided, 40, 2, HowToDraw(**settings, novelty=0.1, originals=originals))
    is_near = NearCopies(originals, 0.1)
    for label in (1, 0):
        stream = drawn_by(divided, label, 400, 2)
        sure, near = sure_of(divided, label, stream), is_near(stream)
        assert near[[3, 7]].all()
        passed = np.flatnonzero(~near & (sure >= settings.get("min_confidence", 0)))
        passed = passed[: round(20 / settings.get("keep_surest", 1))]
        kept = np.sort(passed[np.lexsort((passed, -sure[passed]))[:20]])
        np.testing.assert_array_equal(drawn.images[drawn.labels == label], stream[kept])
        assert drawn.tried[label] == passed[-1] + 1


def test_of_too_few_new_images_one_line_says_so(divided, originals):
    stream = np.concatenate([drawn_by(divided, label, 200, 2) for label in (1, 0)])
    message = r"^Expected 10 images with no near copies at novelty=0.9 among 200 that G_P drew, got \d+ \([\d.]+%\)"
    with pytest.raises(InputError, match=f"{message}: a smaller novelty leaves more$"):
        divided.hallucinate(20, seed=2, novelty=0.9, originals=stream)


def test_novelty_alone_asks_no_d(tiny_model):
    model = tiny_model()
    model.priors = "estimate"
    originals = model.hallucinate(9, seed=5)[0]
    assert len(model.hallucinate(2, novelty=0.1, originals=originals)[0]) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"novelty": 1.0}, "Expected novelty to be at least 0 and below 1, got 1.0"),
        ({"novelty": -0.1}, "Expected novelty to be at least 0 and below 1, got -0.1"),
        ({"novelty": "0.1"}, "Expected novelty to be at least 0 and below 1, got '0.1'"),
        ({"novelty": 0.1}, "Expected originals, images to compare with, for novelty=0.1; got None"),
        ({"novelty": 0.1, "originals": np.zeros((4, 8, 9, 1), np.uint8)}, "Expected originals of shape"),
    ],
)
def test_novelty_that_cannot_be_meant_is_refused(divided, settings, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        divided.hallucinate(2, **settings)


@pytest.mark.parametrize("value", [0.04, 1.01, float("nan"), None, "0.8"])
def test_a_share_out_of_range_is_refused(divided, value):
    with pytest.raises(InputError, match=r"^Expected keep_surest to be at least 0.05 and at most 1, got"):
        divided.hallucinate(2, keep_surest=value)


@pytest.mark.parametrize("value", [0, -1.0, float("inf"), float("nan"), None, "1"])
def test_a_temperature_out_of_range_is_refused(divided, value):
    with pytest.raises(InputError, match=r"^Expected temperature to be a finite number above 0, got"):
        divided.hallucinate(2, temperature=value)


def test_a_filter_needs_the_purities(tiny_model):
    model = tiny_model()
    model.priors = "estimate"
    assert len(model.hallucinate(2)[0]) == 2
    with pytest.raises(InputError, match=r"^Expected priors"):
        model.hallucinate(2, min_confidence=0.5)


def test_confidence_by_hand(divided):
    # D = 0.5 at these logits: P(positive) = (delta_n - 0.5) / (delta_n - delta_p) = (17/23 - 1/2) / (17/23 - 3/17).
    delta_p, delta_n = PRIORS.delta_p, PRIORS.delta_n
    wanted = [1, (delta_n - 0.5) / (delta_n - delta_p), 0]
    logits = np.log([delta_p / (1 - delta_p), 1, delta_n / (1 - delta_n)]).astype(np.float32)
    np.testing.assert_allclose(positive_probability(logits, PRIORS), wanted, atol=1e-6)
    images = drawn_by(divided, 1, 5, 0)
    positive, negative = (confidence_by(divided.discriminator, PRIORS, label)(images) for label in (1, 0))
    np.testing.assert_allclose(positive, divided.predict(images, verbose=0), atol=1e-6)
    np.testing.assert_allclose(positive + negative, 1, atol=1e-6)


@pytest.mark.parametrize("latent", ["uniform", "normal"])
def test_a_path_leads_from_the_first_image_to_the_second(tiny_model, latent):
    model = tiny_model(latent=latent)
    paths = interpolations(model, 5, seed=4, temperature=0.8)
    for label, images in paths.items():
        assert images.shape == (5, 8, 8, 1)
        ends = drawn_by(model, label, 2, 4, temperature=0.8).astype(int)
        np.testing.assert_allclose(images[[0, -1]], ends, atol=1)
