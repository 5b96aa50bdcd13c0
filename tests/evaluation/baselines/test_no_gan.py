import dataclasses
import signal

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

import nlgan_tf as nl
from helpers.halves import halves
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.errors import InputError
from nlgan_tf.evaluation.baselines.no_gan import EarlyStopped, WithoutGan
from nlgan_tf.stage_two import predict_probability, train_on_stream
from nlgan_tf.training.signals import Stopped

PRIORS = nl.NoisePriors(0.8, 0.85)
CONFIG = StageTwoConfig(
    epochs=4, samples_per_epoch=320, batch_size=32, learning_rate=3e-3, network="small", width=0.25, augment=None
)


@pytest.fixture(scope="module")
def noisy() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, noisy and true labels."""
    images, labels = halves(200)
    return images, nl.corrupt_labels(labels, PRIORS, seed=0), labels


def build(kind: type, config: StageTwoConfig = CONFIG, seed: int = 0):
    return WithoutGan(config, PRIORS, seed) if kind is WithoutGan else EarlyStopped(config, seed)


@pytest.mark.parametrize("kind", [WithoutGan, EarlyStopped])
def test_it_learns_the_true_labels_and_repeats(noisy, kind):
    images, labels, true = noisy
    first, again = (build(kind).fit(images, labels) for _ in range(2))
    assert np.mean(first.predict(images) == true) > 0.95
    np.testing.assert_array_equal(first.predict_proba(images), again.predict_proba(images))


@pytest.mark.parametrize("kind", [WithoutGan, EarlyStopped])
def test_a_signal_ends_the_training(noisy, kind):
    baseline = build(kind)
    baseline.signals.signum = signal.SIGTERM
    with pytest.raises(Stopped, match="stopped by SIGTERM"):
        baseline.fit(*noisy[:2])


def test_forward_correction_is_surer_than_the_noisy_labels(noisy):
    images, labels, true = noisy
    positive = WithoutGan(CONFIG, PRIORS).fit(images, labels).predict_proba(images)[:, 1]
    plain = WithoutGan(CONFIG, nl.NoisePriors(1, 1)).fit(images, labels).predict_proba(images)[:, 1]
    assert np.abs(positive - true).mean() < np.abs(plain - true).mean() - 0.05


@pytest.mark.slow
def test_the_weights_are_those_of_the_epoch_with_the_least_held_out_loss():
    images, true = halves(60)
    labels = nl.corrupt_labels(true, nl.NoisePriors(0.65, 0.7), seed=0)
    config = dataclasses.replace(CONFIG, epochs=5, learning_rate=0.01)
    stopped = EarlyStopped(config).fit(images, labels)
    kept, held, kept_labels, held_labels = train_test_split(
        images, labels, test_size=0.2, stratify=labels, random_state=0
    )
    networks, losses = [], []
    for epochs in range(1, config.epochs + 1):
        # The rate is constant: a training of fewer epochs is the beginning of a longer one.
        networks.append(
            train_on_stream(
                lambda: noisy_dataset(kept, kept_labels, config.batch_size, config.samples_per_epoch),
                (8, 8, 1),
                dataclasses.replace(config, epochs=epochs),
            )
        )
        positive = predict_probability(networks[-1], held).astype(np.float64)
        likelihood = np.log(np.where(held_labels == 1, positive, 1 - positive))
        losses.append(-np.mean([likelihood[held_labels == label].mean() for label in (0, 1)]))
    best = int(np.argmin(losses))
    assert best < config.epochs - 1, losses
    assert stopped.epoch_ == best + 1
    for mine, theirs in zip(stopped.network_.get_weights(), networks[best].get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_seed_decides_what_is_held_out(noisy):
    images, labels, _ = noisy
    one, other = (
        build(EarlyStopped, dataclasses.replace(CONFIG, epochs=1), seed).fit(images, labels).predict_proba(images)
        for seed in (0, 1)
    )
    assert np.any(one != other)


@pytest.mark.parametrize("kind", [WithoutGan, EarlyStopped])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(200, 2), r"Expected (noisy_)?labels 0 \(negative\) and 1 \(positive\), got 2"),
        (np.ones(200, int), "0"),
        (np.tile([0, 1], 99), "200"),
    ],
)
def test_other_labels_are_refused(noisy, kind, labels, message):
    with pytest.raises(InputError, match=message):
        build(kind).fit(noisy[0], labels)


def test_stopping_early_wants_three_images_of_a_class(noisy):
    images, _, _ = noisy
    with pytest.raises(InputError, match="3"):
        EarlyStopped(CONFIG).fit(images, np.repeat([1, 0], [2, 198]))
    short = dataclasses.replace(CONFIG, epochs=1)
    assert EarlyStopped(short).fit(images, np.repeat([1, 0], [3, 197])).epoch_ == 1
