import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf import config
from nlgan_tf.noise_rates.witnesses import WITNESSES, build_witness

PRIORS = nl.NoisePriors(0.7, 0.85)


@pytest.fixture(scope="module")
def stripes():
    """Colour images with upright stripes for positives and level ones for negatives; true and noisy labels."""
    rng = np.random.default_rng(0)
    labels = np.tile([1, 0], 60)
    wave = 60 * np.sin(np.arange(24) * np.pi / 4)
    pattern = np.where(labels[:, None, None] == 1, wave[None, None, :], wave[None, :, None])
    images = 128 + pattern[..., None] + rng.normal(0, 30, (120, 24, 24, 3))
    return np.clip(images, 0, 255).astype(np.uint8), labels, nl.corrupt_labels(labels, PRIORS, 0)


def test_the_settings_know_every_witness():
    assert tuple(WITNESSES) == config.WITNESSES


def means(images: np.ndarray) -> np.ndarray:
    """Differences between neighbours, across and down."""
    pixels = images.astype(float)
    return np.stack([np.abs(np.diff(pixels, axis=axis)).mean((1, 2, 3)) for axis in (1, 2)], axis=1)


@pytest.mark.parametrize("name", sorted(WITNESSES))
def test_a_witness_tells_the_true_labels_and_not_the_noisy_ones(stripes, name):
    images, labels, noisy = stripes
    images = images[..., :1] if name == "groups" else images
    given = {"features": means, "priors": PRIORS}
    witness = build_witness(name, images[:80], noisy[:80], **given)
    assert witness.scores.shape == (80,)
    assert witness.scores.dtype == np.float32
    wrong = noisy[:80] != labels[:80]
    above = witness.scores > np.median(witness.scores)
    assert np.mean(above == labels[:80]) > 0.9
    assert np.mean(above[wrong] == noisy[:80][wrong]) < 0.2
    others = witness.score_others(images[80:])
    assert others.shape == (40,)
    assert np.mean((others > np.median(witness.scores)) == labels[80:]) > 0.9
    again = build_witness(name, images[:80], noisy[:80], **given)
    np.testing.assert_array_equal(again.scores, witness.scores)


def test_hog_does_not_see_which_way_an_image_faces(stripes):
    images, _, noisy = stripes
    witness = build_witness("hog", images[:60], noisy[:60])
    np.testing.assert_allclose(
        witness.score_others(images[60:]), witness.score_others(images[60:, :, ::-1]), rtol=1e-4, atol=1e-5
    )


def test_scores_are_held_out(stripes):
    images, _, noisy = stripes
    # Each image carries a mark of its own label in a feature, equal to no other's: learned, it would tell the label.
    marks = np.eye(120)
    witness = build_witness("features", images, noisy, features=lambda rows: marks[: len(rows)])
    assert np.abs(np.corrcoef(witness.scores, noisy)[0, 1]) < 0.9
    assert np.mean((witness.score_others(images) > 0) == noisy) == 1


def test_copies_of_an_image_are_held_out_with_it(rng):
    images = np.repeat(rng.integers(0, 256, (30, 8, 8, 1), np.uint8), 2, axis=0)
    labels = np.repeat(rng.permutation(np.tile([1, 0], 15)), 2)
    seen = build_witness("features", images, labels, features=lambda rows: rows.reshape(len(rows), -1).astype(float))
    np.testing.assert_allclose(seen.scores[::2], seen.scores[1::2], rtol=1e-5)
    assert np.mean((seen.scores > 0) == labels) < 0.8


def test_what_is_not_accepted(stripes, images, labels):
    colour, _, noisy = stripes
    names = "hog, groups, features, feature-groups"
    with pytest.raises(nl.InputError, match=f"Expected a witness among {names}; got 'magic'"):
        build_witness("magic", colour, noisy)
    with pytest.raises(nl.InputError, match="Expected colour images for the witness hog, got shape"):
        build_witness("hog", images, labels)
    with pytest.raises(nl.InputError, match="Expected images of at least 24 x 24 for HOG, got 20 x 24"):
        build_witness("hog", colour[:, :20], noisy)
    for name in ("features", "feature-groups"):
        with pytest.raises(nl.InputError, match=f"Expected features, a function of .* witness {name}; got None"):
            build_witness(name, colour, noisy, priors=PRIORS)
    with pytest.raises(nl.InputError, match="Expected priors, the purities of the noisy labels"):
        build_witness("groups", colour[..., :1], noisy)
    with pytest.raises(nl.InputError, match="Expected grey images of at least 16 x 16 for their groups, got shape"):
        build_witness("groups", images, labels, priors=PRIORS)
    with pytest.raises(nl.InputError, match=r"Expected noisy_labels of shape \(120,\)"):
        build_witness("hog", colour, noisy[1:])
