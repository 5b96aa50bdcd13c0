"""Every baseline by its name, on real digits: each learns and repeats, and sees no test label."""

import subprocess
import sys

import numpy as np
import pytest

import nlgan_tf as nl
from helpers import ROOT
from helpers.nearest_mean import ENTRY
from nlgan_tf.data.features import features
from nlgan_tf.evaluation.baselines import BASELINES, build_baseline
from nlgan_tf.reproduce.conditional_gan import ANCESTORS
from nlgan_tf.reproduce.methods import METHODS

PRIORS = nl.NoisePriors(0.7, 0.85)
# Enough steps for a narrow network to learn.
CLASSIFIER = nl.StageTwoConfig(epochs=8, learning_rate=2e-3, width=0.2, samples_per_epoch=500)
NEURAL = [name for name in BASELINES if METHODS[name].fits and not name.startswith("pn")]


@pytest.fixture(scope="module")
def task() -> nl.ImageTask:
    return nl.load_task("digits:5,7-vs-2,4", size=400)


@pytest.fixture(scope="module")
def noisy(task) -> np.ndarray:
    return nl.corrupt_labels(task.labels, PRIORS, seed=0)


def accuracy(name: str, task, labels) -> float:
    predictor = build_baseline(name, PRIORS, CLASSIFIER, seed=0, features=features).fit(task.images, labels)
    predicted = predictor.predict(task.test_images)
    assert predicted.shape == task.test_labels.shape
    assert set(np.unique(predicted)) <= {0, 1}
    return float(np.mean(predicted == task.test_labels))


def test_every_method_of_the_grid_can_be_run():
    variants = {name for name, method in METHODS.items() if method.changes is not None or method.part_of}
    assert sorted(METHODS) == sorted([*BASELINES, *variants, *ANCESTORS])


@pytest.mark.parametrize("name", sorted(set(BASELINES) - set(NEURAL) - {"pn", "pn-upsampled"}))
def test_a_method_on_features_learns_from_noisy_labels(name, task, noisy):
    first = accuracy(name, task, noisy)
    assert first > 0.8
    assert accuracy(name, task, noisy) == first


@pytest.mark.slow
@pytest.mark.parametrize("name", NEURAL)
def test_a_method_around_the_classifier_learns_from_noisy_labels(name, task, noisy):
    assert accuracy(name, task, noisy) > 0.75


@pytest.mark.slow
def test_a_network_repeats_and_learns_true_labels_better(task, noisy):
    clean = accuracy("pn", task, task.labels)
    assert clean > 0.95
    assert accuracy("pn", task, task.labels) == clean


@pytest.mark.parametrize("name", [name for name in BASELINES if name not in ("svc", "frozen-lr")])
def test_labels_that_are_not_0_and_1_are_refused(name, task):
    baseline = build_baseline(name, PRIORS, CLASSIFIER, features=features)
    with pytest.raises(ValueError, match=r"Expected (noisy_)?labels 0 \(negative\) and 1 \(positive\), got 2: map"):
        baseline.fit(task.images, task.labels + 1)


@pytest.mark.parametrize("name", BASELINES)
def test_flat_images_are_refused(name, task, noisy):
    with pytest.raises(
        ValueError, match=r"Expected images of shape \(n, height, width, channels\) or .*, got shape \(\d+, 256\)"
    ):
        build_baseline(name, PRIORS, CLASSIFIER, features=features).fit(task.images.reshape(-1, 256), noisy)


@pytest.mark.parametrize("name", ["frozen-lr", "frozen-cleanlab", "frozen-groups"])
def test_frozen_features_decide_by_the_direction_of_their_vectors(name):
    # The angle is the class, the length is noise; of 100 labels 14 of either class are wrong.
    rng = np.random.default_rng(0)
    true = np.arange(200) % 2
    angles = rng.normal(0.4 + 0.8 * true, 0.1)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(1, 100, (200, 1))
    images = np.arange(200)[:, None, None, None] * np.ones((1, 8, 8, 1))
    labels = nl.corrupt_labels(true, nl.NoisePriors(0.86, 0.86), seed=0)
    baseline = build_baseline(name, PRIORS, CLASSIFIER, features=lambda images: vectors[images[:, 0, 0, 0].astype(int)])
    np.testing.assert_array_equal(baseline.fit(images, labels).predict(images), true)
    with pytest.raises(nl.InputError, match=f"Expected features, a frozen Keras model, for {name}; got none"):
        build_baseline(name, PRIORS, CLASSIFIER)


def test_unknown_names():
    with pytest.raises(ValueError, match=r"Expected a baseline among pn, pn-upsampled, .*; got .svm."):
        build_baseline("svm", PRIORS, CLASSIFIER)


def test_a_baseline_is_one_entry_of_the_registry(task, noisy, monkeypatch):
    monkeypatch.setitem(BASELINES, "nearest-mean", ENTRY)
    assert accuracy("nearest-mean", task, noisy) > 0.8


@pytest.mark.slow
def test_the_table_has_a_row_for_a_new_baseline(tmp_path):
    """What CONTRIBUTING says: the grid, its results and its rendering read the registry."""
    command = [sys.executable, ROOT / "tests" / "helpers" / "nearest_mean.py", "reproduce", "table1"]
    command += ["--method", "nearest-mean", "--task", "digits:5,7-vs-2,4", "--size", "100", "--priors", "0.7,0.85"]
    command += ["--seeds", "1", "--results", tmp_path / "table.jsonl"]
    for render in ([], ["--render"]):
        subprocess.run([*command, *render], cwd=tmp_path, check=True)
    row = next(line for line in (tmp_path / "table.md").read_text().splitlines() if line.startswith("| Nearest mean |"))
    assert float(row.split("|")[2].split("(")[0].strip(" *")) > 0.7


def test_names_and_titles_are_known_without_the_libraries():
    script = (
        "import sys; from nlgan_tf.reproduce.methods import METHODS; "
        "print(len(METHODS), {'tensorflow', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == [str(len(METHODS)), "set()\n"]
