import dataclasses

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.photographs import class_folders
from nlgan_tf.data.noise import realised_priors
from nlgan_tf.data.task import ImageTask
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.prepare import describe_priors, describe_task, prepare_task, training_priors


def test_a_task_in_words():
    task = ImageTask(
        images=np.zeros((6, 8, 8, 1), np.uint8),
        labels=np.array([1, 1, 1, 0, 0, 0]),
        noisy_labels=np.array([1, 1, 0, 0, 0, 0]),
        class_names=("2/4", "5/7"),
    )
    line = "6 images of 8x8x1; labels: 2 5/7, 4 2/4"
    assert describe_task(task) == f"{line}, 1 of them wrong (pi_p 1.000, pi_n 0.750 realised)"
    assert describe_task(dataclasses.replace(task, labels=None)) == line


OWN = ImageTask(images=np.zeros((6, 8, 8, 1), np.uint8), noisy_labels=np.array([1, 1, 0, 0, 0, 0]))
TRUE = dataclasses.replace(OWN, labels=np.array([1, 1, 1, 0, 0, 0]))


@pytest.mark.parametrize(
    ("config", "task", "priors", "words"),
    [
        (nl.RunConfig(), TRUE, nl.NoisePriors(0.7, 0.85), "pi_p 0.7, pi_n 0.85, to which true labels were corrupted"),
        (nl.RunConfig(task="npz:a.npz"), OWN, "estimate", "to be estimated from images and labels, as none are stated"),
        (
            nl.RunConfig(task="npz:a.npz", pi_p=0.9, pi_n=0.8),
            OWN,
            nl.NoisePriors(0.9, 0.8),
            "pi_p 0.9, pi_n 0.8, as stated",
        ),
        (nl.RunConfig(estimate_priors=True), TRUE, "estimate", "to be estimated from images and labels, as asked for"),
    ],
)
def test_which_purities_are_used_and_where_they_come_from(config, task, priors, words):
    assert training_priors(config) == priors
    assert describe_priors(config, task) == f"Purities of the labels: {words}"


def test_images_in_0_to_1_are_refused_and_with_their_scale_they_are_the_same(tmp_path):
    task = nl.load_task("digits:5-vs-7")
    np.savez(tmp_path / "own.npz", images=task.images / 255, noisy_labels=task.labels)
    config = nl.RunConfig(task=f"npz:{tmp_path / 'own.npz'}")
    with pytest.raises(nl.InputError, match=r"Expected images in \[0, 255\], got a largest value of 1.*scale=255"):
        prepare_task(config)
    prepared = prepare_task(dataclasses.replace(config, scale=255))
    np.testing.assert_array_equal(prepared.images, task.images)
    assert prepared.images.dtype == np.uint8


def test_noise_of_the_source_is_not_corrupted_first(tmp_path, images, labels):
    np.savez(tmp_path / "own.npz", images=images, noisy_labels=labels, labels=labels)
    config = nl.RunConfig(task=f"npz:{tmp_path / 'own.npz'}", pi_p=0.9, pi_n=0.9, corrupt_first=True)
    with pytest.raises(
        nl.InputError, match=r"^Expected --corrupt-first with true labels alone, got npz:.*own.npz with "
    ):
        prepare_task(config)


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return f"folder:{class_folders(tmp_path / 'photos', {'cat': 20, 'dog': 20})}"


def test_a_folder_has_noise_of_its_own_which_is_estimated(photographs):
    config = nl.RunConfig(task=photographs)
    task = prepare_task(config)
    assert task.labels is None
    assert task.noisy_labels.tolist() == [0] * 20 + [1] * 20
    assert training_priors(config) == "estimate"
    stated = dataclasses.replace(config, pi_p=0.9, pi_n=0.8)
    assert training_priors(stated) == nl.NoisePriors(0.9, 0.8)
    assert prepare_task(stated).noisy_labels.tolist() == task.noisy_labels.tolist()


def test_a_folder_of_true_labels_is_corrupted_on_demand(photographs):
    task = prepare_task(nl.RunConfig(task=photographs, corrupt=True))
    assert task.labels.tolist() == [0] * 20 + [1] * 20
    np.testing.assert_array_equal(task.noisy_labels, nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), seed=0))
    config = nl.RunConfig(task=photographs, corrupt=True, pi_p=0.9, pi_n=0.8)
    task = prepare_task(config)
    np.testing.assert_array_equal(task.noisy_labels, nl.corrupt_labels(task.labels, nl.NoisePriors(0.9, 0.8), seed=0))
    assert describe_priors(config, task).endswith("pi_p 0.9, pi_n 0.8, to which true labels were corrupted")


def test_few_photographs_need_stated_purities(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = nl.RunConfig(task=f"folder:{class_folders(tmp_path / 'photos', {'cat': 8, 'dog': 5})}")
    with pytest.raises(nl.InputError, match="got 5 of dog: add images, or state --pi-p and --pi-n"):
        prepare_task(config)
    assert len(prepare_task(dataclasses.replace(config, pi_p=0.9, pi_n=0.9)).images) == 13


def test_true_labels_of_a_file_are_corrupted_or_taken_as_they_are_on_demand(tmp_path, images, labels):
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    config = nl.RunConfig(task=f"npz:{tmp_path / 'own.npz'}")
    with pytest.raises(nl.InputError, match=r"or --corrupt to corrupt its true labels .*got labels alone"):
        prepare_task(config)
    corrupted = prepare_task(dataclasses.replace(config, corrupt=True))
    np.testing.assert_array_equal(corrupted.labels, labels)
    np.testing.assert_array_equal(corrupted.noisy_labels, nl.corrupt_labels(labels, nl.NoisePriors(0.7, 0.85), seed=0))
    kept = prepare_task(dataclasses.replace(config, corrupt=False))
    assert kept.labels is None
    np.testing.assert_array_equal(kept.noisy_labels, labels)
    stated = prepare_task(dataclasses.replace(config, pi_p=0.7, pi_n=0.85))
    np.testing.assert_array_equal(stated.noisy_labels, corrupted.noisy_labels)
    assert "are corrupted; labels with noise of their own have the key noisy_labels" in stated.remarks[0]


def test_noise_of_the_source_is_not_corrupted_again(tmp_path, images, labels):
    np.savez(tmp_path / "own.npz", images=images, noisy_labels=labels)
    config = nl.RunConfig(task=f"npz:{tmp_path / 'own.npz'}", corrupt=True)
    with pytest.raises(nl.InputError, match=r"^Expected --corrupt with true labels alone, got npz:.*own.npz with "):
        prepare_task(config)


def test_known_classes_without_simulated_noise_are_as_they_are():
    config = nl.RunConfig(task="digits:5-vs-7", corrupt=False)
    assert (config.pi_p, training_priors(config)) == (None, "estimate")
    task = prepare_task(config)
    np.testing.assert_array_equal(task.noisy_labels, nl.load_task("digits:5-vs-7").labels)


def test_given_noisy_labels_are_not_corrupted_again(tmp_path):
    task = nl.load_task("digits:5-vs-7")
    noisy = np.where(np.arange(len(task.labels)) % 5 == 0, 1 - task.labels, task.labels)
    np.savez(tmp_path / "own.npz", images=task.images, labels=task.labels, noisy_labels=noisy)
    prepared = prepare_task(RunConfig(task=f"npz:{tmp_path / 'own.npz'}"))
    np.testing.assert_array_equal(prepared.noisy_labels, noisy)


def test_corrupting_first_corrupts_the_full_set():
    reduced = prepare_task(RunConfig(size=100))
    first = prepare_task(RunConfig(size=100, corrupt_first=True))
    np.testing.assert_array_equal(first.images, reduced.images)
    assert realised_priors(reduced.labels, reduced.noisy_labels) == pytest.approx((0.7, 0.85), abs=0.015)
    whole = prepare_task(RunConfig())
    kept = np.sort(np.concatenate([np.flatnonzero(whole.subclass_labels == digit)[:25] for digit in (2, 4, 5, 7)]))
    np.testing.assert_array_equal(first.noisy_labels, whole.noisy_labels[kept])
