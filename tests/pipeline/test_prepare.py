import dataclasses

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.data.task import ImageTask
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
