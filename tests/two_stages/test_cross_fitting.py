import numpy as np
import pytest

import nlgan_tf as nl
from helpers.brightness import brightness_nlgan
from helpers.noise import noise_and_labels
from nlgan_tf.config import StageOneConfig
from nlgan_tf.errors import InputError
from nlgan_tf.gan.drawing import HowToDraw, draw_set
from nlgan_tf.models import build_nlgan
from nlgan_tf.two_stages.cross_fitting import CrossFit, describe_folds, number_of_folds, scores_of

PRIORS = nl.NoisePriors(0.7, 0.85)
TINY = {"width": 0.1, "spectral_layers": "all", "ema": 0.9}


def fit_of(images, labels, folds: int, seed: int = 0) -> CrossFit:
    return CrossFit.build(images, labels, PRIORS, StageOneConfig(folds=folds, fold_epochs=5, **TINY), seed)


@pytest.mark.parametrize(
    ("folds", "positives", "negatives", "expected"),
    [(0, 200, 299, 4), (0, 200, 300, 1), (0, 3, 20, 3), (0, 2, 20, 1), (1, 5, 5, 1), (3, 5, 5, 3), (3, 2500, 2500, 3)],
)
def test_small_sets_are_folded_unless_a_number_is_given(folds, positives, negatives, expected):
    labels = np.repeat([1, 0], [positives, negatives])
    assert number_of_folds(StageOneConfig(folds=folds), labels) == expected


def test_each_image_is_judged_by_the_one_model_that_has_not_seen_it(images, labels):
    fit = fit_of(images, labels, 4)
    seen, judged = (np.stack([by(number) for number in range(4)]) for by in (fit.seen_by, fit.judged_by))
    assert len(fit.models) == 4
    np.testing.assert_array_equal(judged.sum(axis=0), 1)
    np.testing.assert_array_equal(seen, ~judged)
    # Ten images a fold, five of each label.
    np.testing.assert_array_equal(judged.sum(axis=1), 10)
    np.testing.assert_array_equal(judged[:, labels == 1].sum(axis=1), 5)
    assert fit.config.epochs == 5


def test_a_copy_of_a_judged_image_is_not_seen_either(images, labels):
    images = np.concatenate([images, images[:6]])
    fit = fit_of(images, np.concatenate([labels, 1 - labels[:6]]), 4)
    np.testing.assert_array_equal(fit.folds[:6], fit.folds[40:])
    assert set(fit.folds) == {0, 1, 2, 3}


def test_one_fold_is_the_plain_model_of_the_seed(images, labels):
    config = StageOneConfig(folds=1, **TINY)
    fit = CrossFit.build(images, labels, PRIORS, config, seed=3)
    plain = build_nlgan((8, 8, 1), PRIORS, config, seed=3)
    (model,) = fit.models
    for mine, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert fit.config == config
    assert fit.seen_by(0).all()
    assert fit.judged_by(0).all()
    np.testing.assert_array_equal(fit.hallucinate(7, seed=2)[0], plain.hallucinate(7, seed=2)[0])


def test_members_start_from_seeds_of_their_own_the_first_from_the_plain_one(images, labels):
    fit = fit_of(images, labels, 2, seed=3)
    first, second, plain = (
        model.discriminator.trainable_variables[0].numpy()
        for model in (*fit.models, build_nlgan((8, 8, 1), PRIORS, fit.config, seed=3))
    )
    np.testing.assert_array_equal(first, plain)
    assert np.any(first != second)
    assert len({model.seed for model in fit.models}) == 2


@pytest.fixture(scope="module")
def four_members() -> CrossFit:
    return fit_of(*noise_and_labels(), 4)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10, 24])
def test_half_of_what_the_members_draw_is_positive_and_comes_first(four_members, n):
    drawn, drawn_labels = four_members.hallucinate(n, seed=2)
    assert drawn.shape == (n, 8, 8, 1)
    assert drawn.dtype == np.uint8
    assert drawn_labels.dtype == np.int64
    assert drawn_labels.tolist() == [1] * ((n + 1) // 2) + [0] * (n // 2)


def test_the_members_draw_equally_many_images_in_their_order(images, labels):
    fit = fit_of(images, labels, 2)
    drawn, _ = fit.hallucinate(8, seed=2)
    first, second = (model.hallucinate(4, seed=2)[0] for model in fit.models)
    np.testing.assert_array_equal(drawn, np.concatenate([first[:2], second[:2], first[2:], second[2:]]))


def test_each_d_filters_what_its_own_generators_draw():
    # To the first D all images are positives, to the second they are as the generators mean them.
    fit = CrossFit(
        [brightness_nlgan(slope=-23.2, offset=offset) for offset in (-9.0, -0.047)], np.zeros(4), StageOneConfig()
    )
    drawn = fit.draw(8, seed=2, temperature=0.9)
    assert drawn.tried == {1: 4, 0: 4}
    first, second = (draw_set(model, 4, 2, HowToDraw(0.55)) for model in (fit.models[1], fit.models[1]))
    both = CrossFit([fit.models[1]] * 2, np.zeros(4), StageOneConfig()).draw(8, seed=2, min_confidence=0.55)
    np.testing.assert_array_equal(both.images[both.labels == 1], np.concatenate([first.images[:2], second.images[:2]]))
    assert both.tried == {label: first.tried[label] + second.tried[label] for label in (1, 0)}
    assert both.passed == {label: 4 / both.tried[label] for label in (1, 0)}
    with pytest.raises(InputError, match=r"among 40 that G_N drew, got 0 \(0.0%\)"):
        fit.hallucinate(8, seed=2, min_confidence=0.55)


def test_near_copies_are_left_out_unless_hardly_anything_else_is_drawn():
    model = brightness_nlgan(slope=-23.2, offset=-0.047)
    fit = CrossFit([model] * 2, np.zeros(4), StageOneConfig())
    originals = np.concatenate([model.hallucinate(40, seed=5)[0], model.hallucinate(2, seed=2)[0]])
    drawn = fit.draw(8, seed=2, novelty=0.2, originals=originals)
    assert (drawn.images[0] != fit.draw(8, seed=2).images[0]).any()
    assert drawn.novelty == 0.2
    alone = draw_set(model, 4, 2, HowToDraw(novelty=0.2, originals=originals))
    np.testing.assert_array_equal(drawn.images[:4], np.concatenate([alone.images[:2]] * 2))
    # All that can be drawn for 8 images are the originals.
    known = model.hallucinate(200, seed=2)[0]
    for settings in ({}, {"min_confidence": 0.55}):
        copies = fit.draw(8, seed=2, novelty=0.2, originals=known, **settings)
        assert copies.novelty == 0
        np.testing.assert_array_equal(copies.images, fit.draw(8, seed=2, **settings).images)
    with pytest.warns(UserWarning, match="Near copies of originals are kept"):
        fit.hallucinate(8, seed=2, novelty=0.2, originals=known)


@pytest.mark.parametrize(
    ("shape", "changes", "epochs"), [((8, 8, 1), {}, 10), ((8, 8, 3), {}, 0), ((8, 8, 1), {"d_batch_norm": True}, 0)]
)
def test_the_kind_of_the_images_decides_on_the_refinement(rng, labels, shape, changes, epochs):
    images = rng.integers(0, 256, (40, *shape), dtype=np.uint8)
    config = StageOneConfig(refine_epochs=None, **TINY, **changes)
    assert CrossFit.build(images, labels, PRIORS, config).config.refine_epochs == epochs


def test_refined_generators_draw_alone():
    models = [brightness_nlgan(slope=-23.2, offset=offset) for offset in (-9.0, -0.047)]
    fit = CrossFit(models, np.zeros(4), StageOneConfig(refine_epochs=1))
    np.testing.assert_array_equal(fit.hallucinate(8, seed=2)[0], models[0].hallucinate(8, seed=2)[0])


@pytest.mark.parametrize(("n", "message"), [(0, "at least 1, got 0"), (2.5, "an integer, got 2.5")])
def test_a_number_of_images_that_is_none_is_refused(four_members, n, message):
    with pytest.raises(InputError, match=f"^Expected n to be {message}$"):
        four_members.hallucinate(n)


def test_scores_are_high_on_positives_and_not_clipped():
    images = np.array([0, 255, 51], np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    model = brightness_nlgan(slope=20.0)
    np.testing.assert_allclose(scores_of(model, images), [-20, 20, -12], rtol=1e-5)
    np.testing.assert_array_equal(model.predict(images, verbose=0), [0, 1, 0])


def darker(images, seed):
    return images - 1.0


def test_scores_are_the_mean_over_views():
    images = np.full((2, 8, 8, 1), 255, np.uint8)
    # The image as it is has score 4, the two other views have 0.
    model = brightness_nlgan(slope=4.0, augment=darker)
    np.testing.assert_allclose(scores_of(model, images, views=3), [4 / 3] * 2, rtol=1e-5)
    np.testing.assert_allclose(scores_of(brightness_nlgan(slope=4.0), images, views=3), [4] * 2, rtol=1e-5)


def test_scores_are_those_of_the_averaged_discriminator(tiny_model, images):
    model = tiny_model(ema=0.9, translation=0.0)
    before = scores_of(model, images)
    for variable in model.discriminator.trainable_variables:
        variable.assign(variable + 1)
    np.testing.assert_array_equal(scores_of(model, images), before)


def test_folds_are_said_where_there_are_several(images, labels):
    assert describe_folds(fit_of(images, labels, 1)) is None
    assert describe_folds(fit_of(images, labels, 2)).startswith("Cross-fitting: 2 times")


@pytest.mark.parametrize(("channels", "epochs"), [(1, 3), (3, 2)])
def test_the_kind_of_image_decides_the_epochs_of_a_fold_where_the_recipe_leaves_them(channels, epochs):
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, channels), dtype=np.uint8)
    config = StageOneConfig(folds=3, fold_epochs=0, **TINY)
    assert CrossFit.build(images, np.arange(12) % 2, PRIORS, config).config.epochs == epochs
