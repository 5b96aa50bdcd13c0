"""Every entrance that takes a seed refuses what is no integer of at least 0, in one line."""

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.data.batches import soft_label_batches
from nlgan_tf.noise_rates.folds import stratified_folds
from nlgan_tf.stage_two import train_classifier

PRIORS = nl.NoisePriors(0.7, 0.85)


@pytest.fixture
def entrances(tiny_model, images, labels):
    model = tiny_model()
    parts = model.discriminator, model.positive_generator, model.negative_generator
    task = nl.ImageTask(images=images, labels=labels, noisy_labels=labels)
    return {
        "train_two_stages": lambda seed: nl.train_two_stages(images, labels, PRIORS, seed=seed),
        "build_nlgan": lambda seed: nl.build_nlgan((8, 8, 1), PRIORS, seed=seed),
        "build_discriminator": lambda seed: nl.build_discriminator((8, 8, 1), seed=seed),
        "build_generator": lambda seed: nl.build_generator((8, 8, 1), seed=seed),
        "build_classifier": lambda seed: nl.build_classifier((8, 8, 1), seed=seed),
        "NLGAN": lambda seed: nl.NLGAN(*parts, PRIORS, seed=seed),
        "NLGAN.seed": lambda seed: setattr(model, "seed", seed),
        "hallucinate": lambda seed: model.hallucinate(2, seed=seed),
        "noisy_dataset": lambda seed: nl.noisy_dataset(images, labels, 8, 16, seed),
        "soft_label_batches": lambda seed: soft_label_batches(images, labels, None, None, 8, 16, seed),
        "corrupt_labels": lambda seed: nl.corrupt_labels(labels, PRIORS, seed),
        "load_task": lambda seed: nl.load_task("digits:5-vs-7", seed=seed),
        "train_classifier": lambda seed: train_classifier(images, labels, nl.StageTwoConfig(), seed),
        "stratified_folds": lambda seed: stratified_folds(labels, 2, seed),
        "measure_noise": lambda seed: nl.measure_noise(images, labels, seed=seed),
        "EstimatePriors": lambda seed: nl.EstimatePriors(images, labels, seed=seed),
        "estimate_priors": lambda seed: nl.estimate_priors(np.linspace(-1, 1, 40), seed),
        "NLGANHyperModel": lambda seed: nl.NLGANHyperModel(task, None, PRIORS, seed=seed),
    }


@pytest.mark.parametrize(
    ("seed", "wanted"), [(-1, "at least 0"), (None, "an integer"), (1.5, "an integer"), (True, "an integer")]
)
def test_seeds_are_integers_of_at_least_0(entrances, seed, wanted):
    for name, call in entrances.items():
        with pytest.raises(nl.InputError) as refused:
            call(seed)
        assert str(refused.value) == f"Expected seed to be {wanted}, got {seed}", name


@pytest.mark.parametrize("seed", [-1, None, 1.5, True])
def test_seeds_of_runs_too(seed):
    with pytest.raises(nl.InputError, match=r"^Expected seed to be [^\n]*$"):
        nl.RunConfig(seed=seed)
