import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.witnesses import (
    WITNESSES,
    build_witness,
    combined_scores,
    held_out_likelihood,
    select_witnesses,
)

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


def means(images: np.ndarray) -> np.ndarray:
    """Differences between neighbours, across and down."""
    pixels = images.astype(float)
    return np.stack([np.abs(np.diff(pixels, axis=axis)).mean((1, 2, 3)) for axis in (1, 2)], axis=1)


@pytest.mark.parametrize("name", sorted(WITNESSES))
def test_a_witness_tells_the_true_labels_and_not_the_noisy_ones(stripes, name):
    images, labels, noisy = stripes
    witness = build_witness(name, images[:80], noisy[:80], features=means)
    assert witness.scores.shape == (80,)
    assert witness.scores.dtype == np.float32
    wrong = noisy[:80] != labels[:80]
    above = witness.scores > np.median(witness.scores)
    assert np.mean(above == labels[:80]) > 0.9
    assert np.mean(above[wrong] == noisy[:80][wrong]) < 0.2
    others = witness.score_others(images[80:])
    assert others.shape == (40,)
    assert np.mean((others > np.median(witness.scores)) == labels[80:]) > 0.9
    again = build_witness(name, images[:80], noisy[:80], features=means)
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
    with pytest.raises(nl.InputError, match="Expected a witness among hog, features; got 'magic'"):
        build_witness("magic", colour, noisy)
    with pytest.raises(nl.InputError, match="Expected colour images for the witness hog, got shape"):
        build_witness("hog", images, labels)
    with pytest.raises(nl.InputError, match="Expected images of at least 24 x 24 for HOG, got 20 x 24"):
        build_witness("hog", colour[:, :20], noisy)
    with pytest.raises(nl.InputError, match="Expected features, a function of images to vectors"):
        build_witness("features", colour, noisy)
    with pytest.raises(nl.InputError, match=r"Expected noisy_labels of shape \(120,\)"):
        build_witness("hog", colour, noisy[1:])


def test_scores_are_summed_in_standard_units():
    first, second = np.array([1.0, 3.0]), np.array([100.0, 20.0])  # means 2 and 60, deviations 1 and 40
    np.testing.assert_allclose(combined_scores([first]), [-1, 1])
    np.testing.assert_allclose(combined_scores([first, second]), [0, 0])
    np.testing.assert_allclose(combined_scores([first, second], [[4.0], [80.0]]), [2 + 0.5])
    with pytest.raises(nl.InputError, match=r"Expected scores of one length .*, got lengths \[1, 2\]"):
        combined_scores([first, [1.0]])
    with pytest.raises(nl.InputError, match="Expected others of 1 witnesses, got 2"):
        combined_scores([first], [[4.0], [80.0]])
    with pytest.raises(nl.InputError, match=r"from at least one witness, got lengths \[\]"):
        combined_scores([])


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_dropped_and_information_kept(seed):
    rng = np.random.default_rng(seed)
    true = np.tile([1, 0], 500)
    noisy = nl.corrupt_labels(true, PRIORS, seed)
    scores = {
        "noise": rng.normal(size=1000),
        "one": rng.normal(2 * true, 1),
        "other": rng.normal(200 * true, 100),
    }
    selection = select_witnesses(scores, noisy, PRIORS)
    assert sorted(selection.kept) == ["one", "other"]
    assert [line.split(":")[0].split()[-1] for line in selection.lines] == [*selection.kept, "noise"]
    alone = {name: held_out_likelihood(scores[name], noisy, PRIORS) for name in scores}
    best = max(alone, key=alone.get)
    assert selection.lines[0] == (
        f"Judge of the labels {best}: kept, as the given labels are predicted better with {best} "
        f"(mean log-likelihood {alone[best]:.4f}, without {prior(noisy):.4f}; higher is better)"
    )
    assert "noise: dropped, as the given labels are predicted no better with noise (" in selection.lines[2]


def prior(noisy: np.ndarray) -> float:
    share = np.mean(noisy)
    return share * np.log(share) + (1 - share) * np.log(1 - share)


def test_what_has_learned_the_labels_is_no_measure_for_the_others(rng):
    true = np.tile([1, 0], 200)
    noisy = nl.corrupt_labels(true, PRIORS, 0)
    # D has memorised most of the wrong labels; the other witness is good, and adds nothing to what D has memorised.
    scores = {"D": 4 * noisy + rng.normal(size=400), "other": rng.normal(1.5 * true, 1)}
    assert select_witnesses(scores, noisy, PRIORS).kept == ["D"]
    selection = select_witnesses(scores, noisy, PRIORS, in_sample=["D"])
    assert selection.kept == ["D", "other"]
    alone = held_out_likelihood(scores["other"], noisy, PRIORS)
    assert selection.lines[0].startswith("Judge of the labels D: kept, ")
    assert selection.lines[0].endswith("; D has learned these labels, so other judges are not compared with D")
    assert "other: kept" in selection.lines[1]
    assert f"(mean log-likelihood {alone:.4f}, without {prior(noisy):.4f};" in selection.lines[1]
    # Noise is dropped as before, learned or not.
    noise = {"D": rng.normal(size=400), "other": scores["other"]}
    assert select_witnesses(noise, noisy, PRIORS, in_sample=["D"]).kept == ["other"]


def test_where_nothing_knows_the_labels_nothing_is_kept(rng):
    noisy = nl.corrupt_labels(np.tile([1, 0], 300), PRIORS, 0)
    assert select_witnesses({"one": rng.normal(size=600), "two": rng.normal(size=600)}, noisy, PRIORS).kept == []
    assert select_witnesses({}, noisy, PRIORS).lines == []
