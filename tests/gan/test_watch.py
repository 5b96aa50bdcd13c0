import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.gan.watch import TrainingWatch


@pytest.fixture
def watch(tiny_model, images, labels):
    """A watch on an untrained model, with what it reports."""
    reports: list[str] = []
    watch = TrainingWatch(images, labels, report=reports.append)
    watch.set_model(tiny_model())
    return watch, reports


def constant_output(generator) -> None:
    """Its images no longer depend on z: a collapsed generator."""
    kernel = generator.get_layer("fc_1").kernel
    kernel.assign(tf.zeros_like(kernel))


def agreeing(model, images, noisy_labels, share: float):
    """Makes D agree with this share of the labels of each class."""

    def probability(batch, training=False):
        keys = [image.tobytes() for image in np.asarray(batch)]
        return np.array([known[key] for key in keys])

    known = {}
    for label in (1, 0):
        members = np.flatnonzero(noisy_labels == label)
        for rank, index in enumerate(members):
            right = rank < round(share * len(members))
            known[images[index].tobytes()] = float(label if right else 1 - label)
    return probability


def test_measures_are_what_they_say(watch, images, labels):
    watch, _ = watch
    measures = watch.measures()
    predicted = watch.model.predict(images, verbose=0) > 0.5
    assert measures["noisy_accuracy"] == pytest.approx(np.mean(predicted == labels))
    z = tf.random.stateless_uniform((64, 100), (0, 0), minval=-1.0)
    drawn = watch.model.positive_generator(z, training=False).numpy()
    real = images[labels == 1] / 127.5 - 1
    assert measures["diversity_p"] == pytest.approx(drawn.std(axis=0).mean() / real.std(axis=0).mean(), rel=1e-5)


@pytest.mark.parametrize(("letter", "network"), [("p", "positive_generator"), ("n", "negative_generator")])
def test_a_collapsed_generator_is_reported_once(watch, letter, network):
    watch, reports = watch
    generators = [getattr(watch.model, name) for name in ("positive_generator", "negative_generator")]
    for generator in generators:  # Untrained ones draw faint images.
        generator.layers[-2].kernel.assign(generator.layers[-2].kernel * 50)
    logs: dict = {}
    watch.on_epoch_end(0, logs)
    assert (reports, logs[f"diversity_{letter}"] > 0.1) == ([], True)
    constant_output(getattr(watch.model, network))
    for epoch in (1, 2, 3):
        watch.on_epoch_end(epoch, logs)
    assert logs[f"diversity_{letter}"] < 1e-6
    assert reports == [
        f"G_{letter.upper()} has collapsed: its images differ 0.000 times as much as the training images (epoch 3)"
    ]


def test_memorisation_is_agreement_above_the_mean_purity(watch, images, labels):
    watch, reports = watch
    model = watch.model
    for share, expected in [(0.75, 0), (0.8, 1), (0.9, 1), (0.75, 1), (0.8, 2)]:
        watch.set_model(model)
        watch._probability = agreeing(model, images, labels, share)
        signs = [report for report in reports if "memorises" in report]
        watch.on_epoch_end(0, logs := {})
        signs = [report for report in reports if "memorises" in report]
        assert logs["noisy_accuracy"] == pytest.approx(share)
        assert len(signs) == expected, share
    assert (
        signs[0] == "D memorises: it agrees with 0.800 of the noisy labels, above (pi_p + pi_n) / 2 = 0.775 (epoch 1)"
    )


def test_a_gap_that_stays_is_reported_after_five_epochs(watch):
    watch, reports = watch
    far, near = 0.4 * (watch.model.priors.delta_n - watch.model.priors.delta_p) + 0.01, 0.1
    gaps = [far] * 4 + [near] + [far] * 6
    for epoch, gap in enumerate(gaps):
        watch.on_epoch_end(epoch, {"gap_p": gap, "gap_n": -near})
    stuck = [report for report in reports if "does not learn" in report]
    assert stuck == ["G_P does not learn: gap_p is 0.24, and was beyond 0.23 for 5 epochs (epoch 10)"]


def test_a_sample_of_a_large_set_gets_a_margin(tiny_model, rng):
    images = rng.integers(0, 256, (100, 8, 8, 1), dtype=np.uint8)
    labels = np.tile([1, 0], 50)
    watch = TrainingWatch(images, labels, sample=25)
    assert [len(seen) for seen in watch._seen.values()] == [25, 25]
    assert watch._margin == pytest.approx(1 / np.sqrt(50))
