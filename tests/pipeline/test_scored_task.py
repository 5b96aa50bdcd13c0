import dataclasses

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.label_quality import label_quality
from nlgan_tf.pipeline.scored_task import ScoredTask
from nlgan_tf.two_stages.label_scores import JudgedLabels

GIVEN = np.array([1, 0, 1, 0])
# Qualities .9, .25, .125 and .75.
JUDGED = JudgedLabels(label_quality([0.9, 0.75, 0.125, 0.25], GIVEN), nl.NoisePriors(0.7, 0.85))
NAMES = ("ham", "spam, or something like that")


@pytest.fixture
def scored(images) -> ScoredTask:
    return ScoredTask(nl.ImageTask(images[:4], noisy_labels=GIVEN, class_names=NAMES), JUDGED)


def test_the_likelier_labels_and_the_most_doubtful_first(scored):
    assert scored.quality == pytest.approx([0.9, 0.25, 0.125, 0.75])
    assert scored.suggested.tolist() == [1, 1, 0, 0]
    assert scored.table["index"].tolist() == [2, 1, 3, 0]


def test_how_many_labels_are_wrong_in_words(scored):
    # .1 + .75 + .875 + .25 = 1.975.
    assert scored.summary() == [
        "About 2 of 4 labels are wrong (the sum of 1 - quality); "
        "2 have a quality below .5, and another label is suggested",
        "Purities as stated: pi_p 0.7, pi_n 0.85",
    ]


def test_true_labels_tell_how_well_wrong_ones_are_found(scored):
    assert scored.average_precision is None
    # Wrong are images 1 and 0, second and last by doubt: the mean of 1/2 and 2/4.
    known = dataclasses.replace(scored, task=dataclasses.replace(scored.task, labels=np.array([0, 1, 1, 0])))
    found = known.average_precision
    assert (found.overall, found.positives, found.negatives) == (0.5, 0.5, 1.0)


def test_images_are_told_apart_by_index_or_file(scored):
    assert scored.names() == ("index", ["0", "1", "2", "3"])


def test_the_gallery_shows_the_most_doubtful_with_their_labels(scored):
    figure = scored.gallery(most=2)
    said = [text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))]
    captions = "\n".join(said)
    assert "The 2 most doubtful labels: given → suggested" in captions
    assert "spam, or … → ham" in captions
    assert "ham → spam, or …" in captions
    assert "quality 0.12" in captions
    assert "index 2" in captions
    assert "index 3" not in captions
