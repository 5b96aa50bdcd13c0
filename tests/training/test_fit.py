import csv
import signal

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.noise import noise_and_labels
from helpers.rewound import rewinding
from nlgan_tf.gan.watch import TrainingWatch
from nlgan_tf.training.fit import NonFiniteError, fit
from nlgan_tf.training.signals import Stopped
from nlgan_tf.training.survival import Survival

EPOCHS = 4

pytestmark = pytest.mark.slow


class Cut(Exception):
    """Stands for the end of a process between two steps."""


@pytest.fixture(scope="module")
def untrained(tiny_model):
    """One model, and the function that takes it back to its beginning."""
    model = tiny_model()
    return model, rewinding(model)


@pytest.fixture
def training(tmp_path, untrained, images, labels):
    """Trains an untrained model under what the folder holds; `cut` is the step at which it ends."""

    def train(cut=None, epochs=EPOCHS, model=None, said=None, stop=None, **settings):
        if model is None:
            model, rewind = untrained
            rewind()
        survival = Survival(
            tmp_path / "checkpoints", "tests", say=(said if said is not None else []).append, **{"every": 0, **settings}
        )
        steps = iter(range(1, 1000))

        class Cutter(TrainingWatch):
            def on_train_batch_end(self, batch, logs=None):
                step = next(steps)
                if step == stop:
                    survival.signals.signum = signal.SIGTERM
                if step == cut:
                    raise Cut

        watch = Cutter(images, labels)
        history = tmp_path / "history.csv"
        fit(model, lambda: nl.noisy_dataset(images, labels, 16, 48), epochs, survival, "gan", watch, history)
        return model

    return train


def rows(folder) -> list[dict]:
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def assert_equal(mine, theirs):
    for name in ("d_optimizer", "gp_optimizer", "gn_optimizer"):
        for a, b in zip(getattr(mine, name).variables, getattr(theirs, name).variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def straight(tiny_model):
    """The undisturbed training by Keras's own fit, of the images and labels of all tests."""
    model = tiny_model()
    images, labels = noise_and_labels()
    watch = TrainingWatch(images, labels)
    return model, model.fit(nl.noisy_dataset(images, labels, 16, 48), epochs=EPOCHS, callbacks=[watch], verbose=0)


def test_cut_off_twice_it_is_what_keras_s_fit_gives(training, straight, tmp_path):
    for cut in (2, 5):
        with pytest.raises(Cut):
            training(cut)
    assert_equal(training(), straight[0])
    assert [int(row["epoch"]) for row in rows(tmp_path)] == list(range(EPOCHS))
    for name, values in straight[1].history.items():
        assert [float(row[name]) for row in rows(tmp_path)] == values, name


@pytest.mark.parametrize("step", [5, 6])
def test_a_signal_in_mid_epoch_or_in_its_last_step_loses_nothing(training, straight, tmp_path, step):
    with pytest.raises(Stopped) as stopped:
        training(stop=step)
    assert stopped.value.exit_code == 143
    assert_equal(training(), straight[0])
    assert [float(row["d_loss"]) for row in rows(tmp_path)] == straight[1].history["d_loss"]


def test_between_checkpoints_nothing_is_written_twice(training, straight, tmp_path):
    with pytest.raises(Cut):
        training(cut=8, every=3600.0)
    assert len(rows(tmp_path)) == 2
    assert_equal(training(every=3600.0), straight[0])
    assert len(rows(tmp_path)) == EPOCHS


POISONS = {
    "discriminator": "d_loss",
    "positive_generator": "gp_loss",
    "negative_generator": "gn_loss",
}


def poisoned(model, network: str, at: int, times: int):
    """Makes a weight of the network infinite in the given call of the step, `times` over."""
    calls = iter(range(1, 1000))
    left = iter(range(times))
    variable = getattr(model, network).trainable_variables[0]
    step = type(model).train_step

    def train_step(data):
        logs = step(model, data)
        if next(calls) >= at and next(left, None) is not None:
            variable.assign(tf.fill(variable.shape, np.inf))
        return logs

    model.compile(run_eagerly=True)
    model.train_step = train_step
    return model


@pytest.mark.parametrize(("network", "step"), [*((network, 4) for network in POISONS), ("positive_generator", 6)])
def test_a_non_finite_weight_goes_back_and_lowers_the_rates(training, tiny_model, tmp_path, network, step):
    said: list[str] = []
    # Step 4 is in mid-epoch, where the next loss shows it; step 6 ends an epoch, where the weights do.
    model = training(model=poisoned(tiny_model(), network, step, times=1), said=said)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert float(model.d_optimizer.learning_rate) == pytest.approx(1e-4)
    assert float(model.gp_optimizer.learning_rate) == pytest.approx(1e-4)
    shown = POISONS[network] if step == 4 else network
    assert len(said) == 1
    assert shown in said[0]
    assert "not finite in epoch 2" in said[0]
    assert "back to epoch 2, learning rates x 0.5" in said[0]
    assert [int(row["epoch"]) for row in rows(tmp_path)] == list(range(EPOCHS))
    assert [row["event"] == said[0].strip() for row in rows(tmp_path)] == [False, True, False, False]
    # A later process goes on with the lowered rates.
    again = training(epochs=EPOCHS + 1)
    assert float(again.gn_optimizer.learning_rate) == pytest.approx(1e-4)


def test_by_choice_it_stops_and_the_last_good_state_stays(training, tiny_model, tmp_path):
    with pytest.raises(NonFiniteError, match=r"gp_loss.* not finite in epoch 2, step 2: stopped"):
        training(model=poisoned(tiny_model(), "positive_generator", 4, times=1), on_non_finite="stop")
    assert "not finite in epoch 2" in rows(tmp_path)[-1]["event"]
    model = training()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert [int(row["epoch"]) for row in rows(tmp_path)] == list(range(EPOCHS))


def test_what_always_diverges_stops_in_the_end(training, tiny_model):
    said: list[str] = []
    with pytest.raises(NonFiniteError, match="lower learning rates may help"):
        training(model=poisoned(tiny_model(), "discriminator", 4, times=100), said=said)
    assert "learning rates x 0.03125" in said[-2]


def test_a_classifier_resumes_too(tmp_path, images, labels):
    from nlgan_tf.config import StageTwoConfig
    from nlgan_tf.stage_two import train_classifier

    config = StageTwoConfig(epochs=2, batch_size=16, samples_per_epoch=48, width=0.1)
    undisturbed = Survival(tmp_path / "undisturbed", "tests", say=lambda _: None, every=0)
    straight = train_classifier(images, labels, config, survival=undisturbed)
    undisturbed_rows = undisturbed.checkpoints("classifier").restore(straight)["rows"]
    survival = Survival(tmp_path, "tests", say=lambda _: None, every=0)
    survival.signals.signum = signal.SIGINT
    with pytest.raises(Stopped):
        train_classifier(images, labels, config, survival=survival)
    survival.signals.signum = None
    resumed = train_classifier(images, labels, config, survival=survival)
    # Its compiled metrics count the steps before the signal too: the rates of a whole epoch, as undisturbed.
    assert survival.checkpoints("classifier").restore(resumed)["rows"] == undisturbed_rows
    for a, b in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_data_set_is_made_once_a_training_and_not_for_a_finished_one(tmp_path, tiny_model, images, labels):
    made, logged = [], []

    def dataset() -> tf.data.Dataset:
        made.append(None)
        return nl.noisy_dataset(images, labels, 16, 48)

    survival = Survival(tmp_path / "checkpoints", "tests", log=logged.append)
    for _ in range(2):
        fit(tiny_model(), dataset, 2, survival, "gan")
        assert (len(made), len(logged)) == (1, 2)


def test_optimizers_in_a_list_are_slowed_down_too():
    from nlgan_tf.compat.keras import keras
    from nlgan_tf.training.fit import _optimizers

    model = keras.Sequential([keras.layers.Dense(1)])
    alone, first, second, third = (keras.optimizers.SGD(0.1) for _ in range(4))
    model.alone, model.several, model.named = alone, [first, second], {"third": third}
    found = _optimizers(model)
    assert len(found) == 4
    assert all(any(one is other for other in found) for one in (alone, first, second, third))
