import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates import resampling
from nlgan_tf.noise_rates.mixture import TwoGroups
from nlgan_tf.noise_rates.registry import METHODS, Method, direct, separation
from nlgan_tf.noise_rates.report import NoiseReport, compare_estimators, rows


@pytest.fixture
def outputs(rng, monkeypatch):
    """D's outputs as `compare_estimators` takes them."""
    monkeypatch.setattr(resampling, "RESAMPLES", 20)
    labels = np.tile([1, 0], 200)
    noisy = nl.corrupt_labels(labels, nl.NoisePriors(0.7, 0.85), 0)
    logits = rng.normal(np.where(labels == 1, -2.5, 2.5), 1, (1, 400))
    names = "out_of_fold", "relearned", "in_sample"
    return {**dict.fromkeys(names, logits), "noisy_labels": noisy, "images": np.arange(400)}


def test_a_method_is_one_entry_of_the_registry(outputs, monkeypatch):
    """What CONTRIBUTING says: a function of out-of-fold logits and noisy labels, with its title."""

    def toy(logits: np.ndarray, noisy_labels: np.ndarray) -> tuple[float, float]:
        return np.mean(logits[noisy_labels == 1] < 0), np.mean(logits[noisy_labels == 0] > 0)

    monkeypatch.setitem(METHODS, "toy", Method("a toy", direct(toy)))
    estimates = compare_estimators(**outputs)
    assert list(estimates) == list(METHODS)
    found = estimates["toy"]
    assert (found.priors.pi_p, found.priors.pi_n) == toy(outputs["out_of_fold"][0], outputs["noisy_labels"])
    assert found.interval_pi_p[0] < found.priors.pi_p < found.interval_pi_p[1]
    known = {"noisy_labels": outputs["noisy_labels"], "relearned": outputs["relearned"], "method": "toy"}
    assert nl.estimate_priors(outputs["out_of_fold"], **known) == found
    task = nl.ImageTask(np.zeros((400, 4, 4, 1), np.uint8), noisy_labels=outputs["noisy_labels"])
    shown = [row for row in rows(NoiseReport(estimates, **outputs), task) if row[0] == "a toy"]
    low, high = found.interval_pi_p
    assert shown[0][:3] == ("a toy", f"{found.priors.pi_p:.3f}", f"{low:.3f} to {high:.3f}")


def test_a_method_that_uses_no_labels_reads_the_in_sample_logits(outputs, rng):
    outputs["in_sample"] = outputs["in_sample"] / 4
    assert compare_estimators(**outputs)["paper"] == nl.estimate_deltas(outputs["in_sample"])
    known = {"noisy_labels": outputs["noisy_labels"], "relearned": outputs["relearned"]}
    assert nl.estimate_priors(outputs["in_sample"], **known, method="paper") == nl.estimate_deltas(outputs["in_sample"])


@pytest.mark.parametrize(("distance", "expected"), [(0.5, 0.0), (2.75, 0.5), (6.0, 1.0)])
def test_the_separation_grows_from_overlapping_to_apart(rng, distance, expected):
    logits = rng.normal(np.tile([-distance / 2, distance / 2], 3000), 1)
    assert separation(TwoGroups.fit(logits)) == pytest.approx(expected, abs=0.12)


def test_titles_are_different():
    assert len({method.title for method in METHODS.values()}) == len(METHODS)
