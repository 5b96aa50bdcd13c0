import numpy as np
import pytest

import nlgan_tf as nl
from helpers.halves import halves
from nlgan_tf.config import StageOneConfig, StageTwoConfig

PRIORS = nl.NoisePriors(0.7, 0.85)
STAGE_ONE = StageOneConfig(epochs=2, batch_size=16, samples_per_epoch=640, width=0.1, spectral_layers="all")
STAGES = {"stage_one": STAGE_ONE, "stage_two": StageTwoConfig()}


@pytest.fixture(scope="module")
def noisy_halves():
    """Images, true and noisy labels."""
    images, true = halves(80)
    return images, true, nl.corrupt_labels(true, PRIORS, seed=0)


def test_the_wrong_labels_come_first(noisy_halves):
    images, true, noisy = noisy_halves
    table = nl.score_labels(images, noisy, PRIORS, **STAGES)
    assert list(table.columns) == ["index", "given_label", "suggested_label", "quality"]
    assert sorted(table["index"]) == list(range(80))
    np.testing.assert_array_equal(table["given_label"], noisy[table["index"]])
    assert table["quality"].is_monotonic_increasing
    assert table["quality"].between(0, 1).all()
    wrong = np.flatnonzero(noisy != true)
    found = table["index"][: len(wrong)]
    assert len(np.intersect1d(found, wrong)) >= 0.9 * len(wrong)
    changed = table["given_label"] != table["suggested_label"]
    np.testing.assert_array_equal(changed, table["quality"] < 0.5)


@pytest.mark.slow
def test_unknown_purities_are_estimated_and_lines_are_printed(noisy_halves, capsys):
    images, _, noisy = noisy_halves
    table = nl.score_labels(images, noisy, stage_one=STAGE_ONE, verbose=1)
    shown = capsys.readouterr().out
    assert "Estimated pi_p" in shown
    assert "Epoch 2/2" in shown
    assert len(table) == 80


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": "none"}, "recipe"),
        ({"priors": 0.7}, "priors"),
        ({"seed": -1}, "seed"),
        ({"noisy_labels": np.ones(80)}, "negatives"),
        ({"images": np.zeros((80, 6, 8, 1), np.uint8)}, "divisible by 4"),
    ],
)
def test_arguments_that_are_refused(noisy_halves, change, message):
    images, _, noisy = noisy_halves
    with pytest.raises(nl.InputError, match=message):
        nl.score_labels(**{"images": images, "noisy_labels": noisy, "priors": PRIORS, **change})
