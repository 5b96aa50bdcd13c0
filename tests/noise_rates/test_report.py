import subprocess
import sys

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.report import TITLES, rows


@pytest.fixture(scope="module")
def digits():
    task = nl.load_task("digits:0,3-vs-6,8")
    return task.with_noisy_labels(nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), 0))


@pytest.mark.slow
def test_all_methods_side_by_side(digits):
    report = nl.measure_noise(digits.images, digits.noisy_labels)
    assert list(report.estimates) == list(TITLES)
    ours = report.estimates["combined"]
    assert (ours.priors.pi_p, ours.priors.pi_n) == pytest.approx((0.7, 0.85), abs=0.05)
    assert report.out_of_fold.shape == report.relearned.shape == report.in_sample.shape == (1, len(digits.images))
    known = {"noisy_labels": report.noisy_labels, "relearned": report.relearned}
    assert ours == nl.estimate_priors(report.out_of_fold, **known)
    assert np.mean((report.relearned[0] < 0) == digits.labels) > 0.95
    table = rows(report, digits)
    assert [row[0] for row in table] == [*TITLES.values(), "the truth"]
    assert table[-1][1] == "0.700"


@pytest.mark.parametrize("settings", [{"trainings": 0}, {"max_steps": 0}])
def test_settings_that_are_not_accepted(digits, settings):
    with pytest.raises(ValueError, match="accepted are 1 and more"):
        nl.measure_noise(digits.images, digits.noisy_labels, **settings)


@pytest.mark.slow
def test_the_command(tmp_path):
    arguments = ["priors", "--task", "digits:0-vs-1", "--width", "0.1", "--folds", "3", "--max-steps", "60"]
    done = subprocess.run(
        [sys.executable, "-m", "nlgan_tf.cli", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for title in ("Rank Pruning", "confident joint", "anchors", "the truth"):
        assert title in done.stdout
    assert "of the labels, " in done.stdout
    assert (tmp_path / "priors.png").read_bytes().startswith(b"\x89PNG")
