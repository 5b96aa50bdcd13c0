import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.errors import InputError
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
        f"G_{letter.upper()} has collapsed: its images differ 0.000 times as much as the training images; "
        "another seed or a lower learning rate of the generators may help (epoch 3)"
    ]


def test_memorisation_is_reported_once_and_says_what_to_do(watch, images, labels):
    watch, reports = watch
    model = watch.model
    # Of 20 labels of each class the standard error is 0.066: beyond 0.775 + 2 * 0.066 + 0.03 D memorises.
    for epoch, (share, expected) in enumerate([(0.75, 0), (0.9, 0), (0.95, 1), (1.0, 1), (0.75, 1), (0.95, 1)]):
        watch.set_model(model)
        watch._probability = agreeing(model, images, labels, share)
        watch.on_epoch_end(epoch, logs := {})
        signs = [report for report in reports if "memorises" in report]
        assert logs["noisy_accuracy"] == pytest.approx(share)
        assert len(signs) == expected, share
    assert signs == [
        "D memorises wrong labels: D agrees with 0.950 of the noisy labels, a perfect D with (pi_p + pi_n) / 2 = 0.775;"
        " take fewer epochs, more dropout or translation (epoch 3)"
    ]


def test_the_margin_shrinks_with_the_images_and_keeps_three_points(tiny_model, rng):
    images = rng.integers(0, 256, (1000, 8, 8, 1), dtype=np.uint8)
    labels, reports = np.tile([1, 0], 500), []
    watch = TrainingWatch(images, labels, report=reports.append)
    watch.set_model(tiny_model())
    # The default run on digits ends well at 0.79 on about as many images; 0.775 + 2 * 0.013 + 0.03 is 0.831.
    for share, expected in [(0.792, 0), (0.826, 0), (0.836, 1)]:
        watch._probability = agreeing(watch.model, images, labels, share)
        watch.on_epoch_end(0, {})
        assert len([report for report in reports if "memorises" in report]) == expected, share


def test_a_gap_that_stays_is_reported_after_five_epochs(watch):
    watch, reports = watch
    far, near = 0.4 * (watch.model.priors.delta_n - watch.model.priors.delta_p) + 0.01, 0.1
    gaps = [far] * 4 + [near] + [far] * 6
    for epoch, gap in enumerate(gaps):
        watch.on_epoch_end(epoch, {"gap_p": gap, "gap_n": -near})
    stuck = [report for report in reports if "does not learn" in report]
    assert stuck == [
        "G_P does not learn: gap_p is 0.24, and was beyond 0.23 for 5 epochs; "
        "a higher learning rate of the generators may help (epoch 10)"
    ]


def test_a_large_set_is_sampled(tiny_model, rng):
    images = rng.integers(0, 256, (100, 8, 8, 1), dtype=np.uint8)
    labels = np.tile([1, 0], 50)
    watch = TrainingWatch(images, labels, sample=25)
    assert [len(seen) for seen in watch._seen.values()] == [25, 25]


def test_images_and_labels_are_checked(images, labels):
    with pytest.raises(InputError, match="Expected images in"):
        TrainingWatch(images / 255, labels)
    with pytest.raises(InputError, match="Expected labels 0"):
        TrainingWatch(images, labels + 1)
    with pytest.raises(InputError, match="Expected at least 1 positives and 1 negatives"):
        TrainingWatch(images, np.ones(40))
