import dataclasses

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.halves import halves
from helpers.stop_after import StopAfter
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.noise_rates.posterior import label_posterior
from nlgan_tf.stage_two import predict_probability
from nlgan_tf.training.signals import Stopped
from nlgan_tf.training.survival import Survival
from nlgan_tf.two_stages.stage_two import Evidence, learned_part, number_of_rounds, train_rounds

PRIORS = nl.NoisePriors(0.7, 0.85)
CONFIG = StageTwoConfig(
    epochs=3, samples_per_epoch=320, batch_size=32, learning_rate=3e-3, network="small", width=0.25, ema=0.9
)


def evidence(**changes) -> Evidence:
    """40 originals and 40 drawn images of two halves, with what is true of each but for .1."""
    images, labels = halves(80)
    known = np.clip(labels, 0.1, 0.9).astype(np.float32)
    noisy = nl.corrupt_labels(labels[:40], PRIORS, seed=0)
    return dataclasses.replace(Evidence(images[:40], noisy, PRIORS, known[:40], images[40:], known[40:]), **changes)


@pytest.mark.parametrize(
    ("rounds", "images", "channels", "expected"),
    [(0, 500, 1, 2), (0, 499, 1, 1), (0, 500, 3, 1), (3, 10, 3, 3), (1, 500, 1, 1)],
)
def test_large_grey_sets_have_two_rounds_unless_a_number_is_given(rounds, images, channels, expected):
    assert number_of_rounds(StageTwoConfig(rounds=rounds), np.zeros((images, 8, 8, channels), np.uint8)) == expected


@pytest.mark.parametrize(
    ("settings", "images", "channels", "expected"),
    [
        ({"learns_from": "auto"}, 500, 3, "originals"),
        ({"learns_from": "auto"}, 499, 3, "both"),
        ({"learns_from": "auto"}, 500, 1, "both"),
        ({"learns_from": "both"}, 500, 3, "both"),
        ({"learns_from": "drawn"}, 500, 3, "drawn"),
        ({"learns_from": "auto", "network": "features"}, 10, 1, "originals"),
    ],
)
def test_many_photographs_are_learned_from_alone_unless_a_part_is_given(settings, images, channels, expected):
    images = np.zeros((images, 8, 8, channels), np.uint8)
    assert learned_part(StageTwoConfig(**settings), images) == expected


@pytest.mark.parametrize("learns_from", ["drawn", "originals", "both"])
def test_a_classifier_learns_from_its_part_of_the_evidence(learns_from):
    known = evidence()
    wrong = {"drawn": "posterior", "originals": "drawn_posterior"}.get(learns_from)
    if wrong:  # What it is not to learn from says the contrary.
        known = dataclasses.replace(known, **{wrong: 1 - getattr(known, wrong)})
    images, labels = halves(120)
    assert accuracy(train_rounds(known, learns_from, CONFIG), images[80:], labels[80:]) == 1


def test_both_kinds_are_learnt_from():
    # Each kind knows one class only, and nothing of the other.
    known = evidence()
    lefts, rights = known.posterior > 0.5, known.drawn_posterior < 0.5
    half = dataclasses.replace(
        known,
        posterior=np.where(lefts, 1.0, 0.5),
        drawn_posterior=np.where(rights, 0.0, 0.5),
    )
    images, labels = halves(120)
    probability = predict_probability(train_rounds(half, "both", dataclasses.replace(CONFIG, epochs=6)), images[80:])
    # Originals alone say 1 and .5, drawn images alone .5 and 0, both together .75 and .25.
    assert probability[labels[80:] == 1].mean() == pytest.approx(0.75, abs=0.15)
    assert probability[labels[80:] == 0].mean() == pytest.approx(0.25, abs=0.15)


def test_a_second_round_judges_by_the_first_classifier():
    # A posterior that knows the noisy label alone; the images tell more.
    images, labels = halves(200)
    noisy = nl.corrupt_labels(labels, PRIORS, seed=0)
    blind = label_posterior(np.full(200, 0.5), noisy, PRIORS)
    known = evidence(images=images, noisy_labels=noisy, posterior=blind)

    def distance(rounds: int) -> float:
        config = dataclasses.replace(CONFIG, rounds=rounds)
        probability = predict_probability(train_rounds(known, "originals", config), images)
        return float(np.abs(probability - labels).mean())

    one, two = distance(1), distance(2)
    # One round comes to the mean posterior of a class, .36 from the truth; the second to what the calibrated
    # classifier knows.
    assert one > 0.3
    assert two < one / 2


def test_drawn_images_alone_have_one_round():
    once, twice = (train_rounds(evidence(), "drawn", dataclasses.replace(CONFIG, rounds=n)) for n in (1, 2))
    for mine, theirs in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_rounds_see_views_where_images_are_changed():
    config = dataclasses.replace(CONFIG, rounds=2, epochs=1, augment="digits")
    one, several = (
        train_rounds(evidence(), "originals", dataclasses.replace(config, views=views)).get_weights()
        for views in (1, 4)
    )
    assert any(np.any(mine != theirs) for mine, theirs in zip(one, several, strict=True))


def train_two_rounds(folder=None, **signals) -> keras.Model:
    config = dataclasses.replace(CONFIG, epochs=2, samples_per_epoch=64, rounds=2)
    survival = Survival(folder, "tests", say=lambda _: None, every=0, **signals)
    return train_rounds(evidence(), "both", config, survival=survival)


@pytest.fixture(scope="module")
def straight() -> keras.Model:
    return train_two_rounds()


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "rounds"), [(4, 1), (7, 2)])
def test_rounds_that_are_killed_resume_to_the_same(tmp_path, straight, asked, rounds):
    with pytest.raises(Stopped):
        train_two_rounds(tmp_path, signals=StopAfter(asked))
    assert len(list(tmp_path.iterdir())) == rounds
    resumed = train_two_rounds(tmp_path)
    for mine, theirs in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
