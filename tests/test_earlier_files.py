"""Files that an earlier version wrote (commit f713330) still load, and a run that it began still ends."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl

EARLIER = Path(__file__).parent / "data" / "by_f713330"
pytestmark = pytest.mark.stack("current", reason="the files were written by Keras 3")


@pytest.fixture
def gradients() -> np.ndarray:
    """Three images of 16x16 pixels whose values rise from pixel to pixel."""
    return np.arange(3 * 256, dtype=np.uint8).reshape(3, 16, 16, 1)


def test_an_nlgan_loads_with_its_optimizers_and_trains_on(gradients):
    model = nl.load_model(EARLIER / "nlgan.keras")
    assert model.priors == nl.NoisePriors(0.7, 0.85)
    assert int(model.step) == int(model.d_optimizer.iterations) == 12
    np.testing.assert_allclose(model.predict(gradients, verbose=0), 0.4914761, atol=1e-4)
    drawn = model.hallucinate(2, seed=0)[0].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(drawn, [129.77, 123.41], atol=0.5)
    model.fit(nl.noisy_dataset(np.tile(gradients, (2, 1, 1, 1)), [1, 0, 1, 0, 1, 0], 4, 8), verbose=0)
    assert int(model.step) == int(model.gn_optimizer.iterations) == 14


def test_a_classifier_loads(gradients):
    classifier = nl.load_model(EARLIER / "classifier.keras")
    np.testing.assert_allclose(classifier(gradients / 127.5 - 1), np.full((3, 1), 0.55519307), atol=1e-4)


@pytest.mark.slow
def test_a_run_that_was_killed_is_resumed_to_its_end(tmp_path):
    run_dir = Path(shutil.copytree(EARLIER / "unfinished", tmp_path / "run"))
    with (run_dir / "history.csv").open() as file:
        before = list(csv.DictReader(file))
    result = nl.resume(run_dir, verbose=0)
    with (run_dir / "history.csv").open() as file:
        after = list(csv.DictReader(file))
    assert after[:1] == before
    # What the earlier version itself went on to, undisturbed; the last digits are the machine's.
    losses = [float(row["d_loss"]) for row in after]
    np.testing.assert_allclose(losses, [7.62703371, 7.59772396, 7.64682055], rtol=1e-3)
    assert result.metrics["settings"]["size"] == 40
    assert (run_dir / "saved_models" / "classifier" / "1" / "saved_model.pb").is_file()
    assert not (run_dir / "unfinished.json").exists()
