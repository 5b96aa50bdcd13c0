import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.rewound import rewinding
from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError


@pytest.mark.parametrize(
    "bad",
    [
        np.full((4, 8, 8, 1), -1.0),
        np.full((4, 8, 8, 1), np.nan),
        np.zeros((4, 64), np.uint8),
        np.full((4, 8, 8, 1), 0.5),
        np.zeros((4, 8, 8, 2), np.uint8),
        np.zeros((4, 12, 8, 1), np.uint8),
        tf.fill((4, 8, 8, 1), 256.0),
    ],
)
def test_arrays_that_are_no_public_images_are_refused(tiny_model, bad):
    model, labels = tiny_model(), np.array([0, 1, 0, 1])
    for act in (
        model.predict,
        lambda x, verbose: model.fit(x, labels, verbose=verbose),
        lambda x, verbose: model.evaluate(x, labels, verbose=verbose),
        lambda x, verbose: model.train_on_batch(x, labels),
        lambda x, verbose: model.test_on_batch(x, labels),
        lambda x, verbose: model.predict_on_batch(x),
    ):
        with pytest.raises(ValueError, match="Expected images"):
            act(bad, verbose=0)


@pytest.fixture(scope="module")
def model(tiny_model):
    """One model for all, as what is refused leaves no trace in it."""
    return tiny_model()


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (lambda y: y + 1, "2"),
        (lambda y: 2 * y - 1, "-1"),
        (lambda y: y * 0.5, "0.5"),
        (lambda y: np.where(y, "spam", "ham"), "'spam', 'ham'"),
        (lambda y: np.where(y, 1, np.nan), "missing labels"),
        (lambda y: {"noisy": y, "clean": y + 1}, "2"),
    ],
    ids=["1 and 2", "-1 and 1", "halves", "strings", "missing", "clean ones too"],
)
def test_labels_of_another_coding_are_refused_everywhere(model, images, labels, wrong, got):
    bad, weights = wrong(labels), model.get_weights()
    for act in (
        lambda: model.fit(images, bad, verbose=0),
        lambda: model.fit(images, labels, validation_data=(images, bad), verbose=0),
        lambda: model.evaluate(images, bad, verbose=0),
        lambda: model.train_on_batch(images, bad),
        lambda: model.test_on_batch(images, bad),
    ):
        with pytest.raises(InputError, match=rf"^Expected labels 0 \(negative\) and 1 \(positive\), got {got}[^\n]*$"):
            act()
    for mine, before in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, before)


def test_missing_labels_and_other_lengths_are_refused(model, images, labels):
    for act in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(InputError, match=r"^Expected one label per image, got None$"):
            act(images)
    with pytest.raises(InputError, match=r"^Expected labels of shape \(40,\), one label per image, got shape \(39,\)$"):
        model.fit(images, labels[1:])
    with pytest.raises(InputError, match=r'^Expected labels, or {"noisy": ..., "clean": ...}, got the keys clean$'):
        model.fit(images, {"clean": labels})
    with pytest.raises(InputError, match=r"^Expected at least 1 positives and 1 negatives in labels, got 40 and 0$"):
        model.fit(images, np.ones(40))


def test_weights_are_refused_in_one_line(model, images, labels):
    weights = np.ones(40)
    for act in (
        lambda: model.fit(images, labels, sample_weight=weights),
        lambda: model.evaluate(images, labels, sample_weight=weights),
        lambda: model.train_on_batch(images, labels, sample_weight=weights),
        lambda: model.test_on_batch(images, labels, weights),
    ):
        with pytest.raises(
            InputError, match=r"^Expected sample_weight to be None, got ndarray: all images count alike$"
        ):
            act()
    with pytest.raises(InputError, match=r"^Expected class_weight to be None, got dict: all images count alike$"):
        model.fit(images, labels, class_weight={0: 1, 1: 2})
    with pytest.raises(InputError, match=r"^Expected validation_data \(images, labels\), got 3 values$"):
        model.fit(images, labels, validation_data=(images, labels, weights))


def test_lists_of_images_and_grey_images_without_channels_are_arrays(model, images, labels):
    expected = model.predict(images, verbose=0)
    for same in (list(images), images[..., 0], images.astype(np.int64), tf.constant(images), images.tolist()):
        np.testing.assert_array_equal(model.predict(same, verbose=0), expected)
        np.testing.assert_array_equal(model.predict_on_batch(same), expected)
    as_arrays = model.evaluate(images, labels, verbose=0)
    assert model.evaluate(list(images), list(labels), verbose=0) == as_arrays
    assert model.evaluate(images, labels[:, np.newaxis] == 1, verbose=0) == as_arrays
    model.fit(list(images), labels.tolist(), batch_size=16, verbose=0)


@pytest.mark.parametrize(
    ("other", "got"),
    [
        ({"images": np.zeros(3)}, "dict"),
        (iter([]), "list_iterator"),
        ((batch for batch in ()), "generator"),
        (None, "NoneType"),
        ("images.npz", "str"),
    ],
)
def test_other_things_than_images_are_refused(model, labels, other, got):
    for act in (model.predict, lambda x: model.fit(x, labels), lambda x: model.evaluate(x, labels)):
        with pytest.raises(InputError, match=f"^Expected images .*, got {got}"):
            act(other)
    with pytest.raises(InputError, match=f"^Expected images as an array, a list of arrays or a tf.data set, got {got}"):
        model.fit(other)


def test_arguments_may_be_given_by_place(model, images, labels):
    """x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data."""
    history = model.fit(images, labels, 20, 2, 0, None, 0.0, (images, labels)).history
    assert len(history["val_loss"]) == 2
    with pytest.raises(InputError, match="Expected labels 0"):
        model.fit(images, labels, 20, 1, 0, None, 0.0, (images, labels + 1))


def test_labels_beside_a_set_are_refused(model, images, labels):
    dataset = nl.noisy_dataset(images, labels, 8, 16)
    with pytest.raises(InputError, match="got labels beside the set"):
        model.fit(dataset, labels)


def test_validation_goes_on_after_data_that_were_refused(tiny_model, images, labels):
    model = tiny_model()
    wrong = tf.data.Dataset.from_tensor_slices((images, labels + 1)).batch(8)
    with pytest.raises(InputError, match="got 2"):
        model.fit(images, labels, validation_data=wrong, verbose=0)
    history = model.fit(images, labels, validation_data=(images, labels), verbose=0).history
    assert history["val_loss"] == pytest.approx([model.evaluate(images, labels, verbose=0)[0]], rel=1e-5)


@pytest.fixture(scope="module")
def untrained(tiny_model):
    """One model, which every test of callbacks trains from its beginning, and the function that takes it there."""
    model = tiny_model(d_learning_rate=2e-4, g_learning_rate=1e-3)
    return model, rewinding(model)


class TestKerasCallbacks:
    """What Keras's own callbacks find in the model, of all three optimizers."""

    @pytest.fixture
    def fitted(self, untrained, images, labels):
        def fit(*callbacks, **settings):
            model, rewind = untrained
            rewind()
            dataset = nl.noisy_dataset(images, labels, 8, 16)
            history = model.fit(dataset, epochs=3, verbose=0, callbacks=list(callbacks), **settings).history
            return model, history

        return fit

    def rates(self, model) -> list[float]:
        return [float(optimizer.learning_rate) for optimizer in model.optimizers()]

    def test_a_schedule_that_multiplies(self, fitted):
        model, _ = fitted(keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5))
        assert self.rates(model) == pytest.approx([2e-4 / 8, 1e-3 / 8, 1e-3 / 8], rel=1e-5)

    def test_reduction_on_a_plateau(self, fitted):
        reduction = keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=100, min_lr=0)
        model, _ = fitted(reduction)
        assert self.rates(model) == pytest.approx([2e-6, 1e-5, 1e-5], rel=1e-5)

    def test_tensorboard_writes_rates_and_validation(self, fitted, images, labels, tmp_path):
        board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1, write_steps_per_second=True)
        fitted(board, validation_data=(images, labels))
        assert list((tmp_path / "validation").glob("events.*"))

    def test_early_stopping_restores_the_best_weights(self, fitted, images, labels):
        stop = keras.callbacks.EarlyStopping("val_loss", mode="max", patience=0, restore_best_weights=True)
        model, history = fitted(stop, validation_data=(images, labels))
        best = max(history["val_loss"])
        assert model.evaluate(images, labels, verbose=0)[0] == pytest.approx(best, rel=1e-4)

    def test_checkpoints_and_logs(self, fitted, tmp_path):
        model, history = fitted(
            keras.callbacks.ModelCheckpoint(str(tmp_path / "{epoch}.keras")),
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
            keras.callbacks.TerminateOnNaN(),
        )
        again = nl.load_model(tmp_path / "3.keras")
        for mine, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + len(history["loss"])
        with pytest.raises(InputError, match=r"Expected a file name that ends in \.keras, got .*model\.h5"):
            fitted(keras.callbacks.ModelCheckpoint(str(tmp_path / "model.h5")))


def test_what_needs_priors_says_so_in_one_line_before_they_are_estimated(images, labels):
    model = nl.build_nlgan((8, 8, 1), "estimate", nl.StageOneConfig(width=0.1))
    batches = nl.noisy_dataset(images, labels, 8, 16)
    for act in (
        lambda: model.predict(images, verbose=0),
        lambda: model.predict(batches, verbose=0),
        lambda: model.predict_on_batch(images),
        lambda: model.evaluate(images, labels, verbose=0),
        lambda: model.evaluate(batches, verbose=0),
        lambda: model.train_on_batch(images, labels),
        lambda: model.test_on_batch(images, labels),
        lambda: model(images),
    ):
        with pytest.raises(InputError, match=r'^Expected priors, got "estimate" without its estimate: [^\n\x1b]*$'):
            act()
