import json

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.data.noise import realised_priors
from nlgan_tf.noise_rates import callback as callback_module
from nlgan_tf.noise_rates import resampling
from nlgan_tf.noise_rates.callback import EstimatePriors, describe
from nlgan_tf.noise_rates.estimate import DEFAULT_PRIORS

SMALL = StageOneConfig(width=0.1, spectral_layers="all")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(resampling, "RESAMPLES", 20)


@pytest.fixture
def pending():
    return nl.build_nlgan((8, 8, 1), "estimate", SMALL)


def test_priors_are_known_or_to_be_estimated(images):
    with pytest.raises(ValueError, match=r"Expected priors to be NoisePriors or .estimate., got 'guess'"):
        nl.build_nlgan((8, 8, 1), "guess", SMALL)


def test_until_fit_there_is_no_probability(pending, images, labels):
    for ask in (lambda: pending.predict(images, verbose=0), lambda: pending.train_on_batch(images, labels)):
        with pytest.raises(ValueError, match='Expected priors, got "estimate" without its estimate: call fit first'):
            ask()


def test_a_pending_model_is_saved_as_such(pending, tmp_path):
    pending.save(tmp_path / "pending.keras")
    assert nl.load_model(tmp_path / "pending.keras").priors == "estimate"


def test_repeated_images_are_collected_once(images, labels):
    dataset = nl.noisy_dataset(images, labels, batch_size=8, samples_per_epoch=400)
    callback, *others = EstimatePriors.placed_first([keras.callbacks.History()], dataset)
    assert len(others) == 1
    found = {(image.tobytes(), label) for image, label in zip(callback.images, callback.labels, strict=True)}
    assert len(callback.images) == len(images)
    assert found == {(image.tobytes(), label) for image, label in zip(images, labels, strict=True)}
    assert EstimatePriors.placed_first([callback], dataset) == [callback]


def test_what_cannot_be_collected_is_refused(pending, images, labels):
    endless = nl.noisy_dataset(images, labels, 8, 16).repeat()
    message = 'Expected arrays or a finite tf.data set for priors="estimate", got an endless data set'
    with pytest.raises(ValueError, match=message):
        pending.fit(endless, steps_per_epoch=2)
    with pytest.raises(ValueError, match=r"Expected images as an array, .* or a tf\.data set, got generator"):
        pending.fit((batch for batch in endless), steps_per_epoch=2)


def test_clean_labels_beside_the_noisy_ones_are_not_looked_at(images, labels):
    dataset = tf.data.Dataset.from_tensor_slices((images, {"noisy": labels, "clean": 1 - labels})).batch(10)
    assert np.array_equal(EstimatePriors.placed_first(None, dataset)[0].labels, labels)


@pytest.fixture(scope="module")
def digits():
    task = nl.load_task("digits:0-vs-1")
    return task, nl.corrupt_labels(task.labels, nl.NoisePriors(0.7, 0.85), 0)


@pytest.mark.slow
@pytest.mark.parametrize("out_of_fold", [True, False])
def test_one_fit_estimates_and_trains(digits, tmp_path, out_of_fold):
    task, noisy = digits
    model = nl.build_nlgan(task.image_shape, "estimate", SMALL)
    before = model.discriminator.get_weights()
    estimation = EstimatePriors(task.images, noisy, out_of_fold, folds=3, log_dir=tmp_path)
    model.fit(nl.noisy_dataset(task.images, noisy, 32, 64), epochs=1, callbacks=[estimation], verbose=0)
    tolerance = 0.06 if out_of_fold else 0.25
    assert (model.priors.pi_p, model.priors.pi_n) == pytest.approx((0.7, 0.85), abs=tolerance)
    assert int(model.step) == 2
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, model.discriminator.get_weights(), strict=True))
    written = json.loads((tmp_path / "priors.json").read_text())
    assert written["priors"]["pi_p"] == model.priors.pi_p
    assert (tmp_path / "priors.png").read_bytes().startswith(b"\x89PNG")
    assert sum(written["histogram_of_d"]) == len(task.images)
    known = {"noisy_labels": estimation.labels, "relearned": estimation.relearned} if out_of_fold else {}
    assert estimation.estimate == nl.estimate_priors(estimation.logits, **known)
    assert describe(estimation.estimate).startswith(f"Estimated pi_p {model.priors.pi_p:.3f} [")
    assert "] (95% intervals): of the labels" in describe(estimation.estimate)
    model.save(tmp_path / "model.keras")
    assert nl.load_model(tmp_path / "model.keras").priors == model.priors


@pytest.mark.slow
def test_estimated_priors_train_as_the_same_ones_known(digits):
    task, noisy = digits
    arrays = task.images[:32], noisy[:32]

    def trained(priors):
        model = nl.build_nlgan(task.image_shape, priors, SMALL)
        callbacks = [EstimatePriors(task.images, noisy, folds=2)]
        model.fit(*arrays, batch_size=16, epochs=1, shuffle=False, callbacks=callbacks, verbose=0)
        return model

    estimated = trained("estimate")
    known = trained(estimated.priors)
    for a, b in zip(estimated.get_weights(), known.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.slow
def test_a_fit_within_the_scope_of_a_strategy_estimates_too(digits):
    task, noisy = digits
    with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
        model = nl.build_nlgan(task.image_shape, "estimate", SMALL)
        estimation = EstimatePriors(task.images, noisy, folds=3, max_steps=60)
        model.fit(nl.noisy_dataset(task.images, noisy, 32, 64), epochs=1, callbacks=[estimation], verbose=0)
    assert model.priors == estimation.estimate.priors
    assert int(model.step) == 2


def test_a_label_of_too_few_images_is_not_told_and_nothing_is_trained(images, labels, tmp_path):
    few = (np.arange(40) < 5).astype(int)
    callback = EstimatePriors(images, few, log_dir=tmp_path)
    with pytest.warns(UserWarning, match="the rarer label has 5 images, where 6 are needed; pi_p = pi_n = 0.75"):
        estimate = callback.run(discriminator=None)
    assert not estimate.separable
    assert estimate.priors == DEFAULT_PRIORS
    assert describe(estimate).startswith(
        "The purities cannot be told, and pi_p = pi_n = 0.75 is taken: the rarer label"
    )
    assert json.loads((tmp_path / "priors.json").read_text())["separable"] is False
    assert callback.logits is None


@pytest.mark.filterwarnings("ignore:D agrees with the labels")
def test_a_picture_that_fails_ends_no_estimate(images, labels, tmp_path, monkeypatch):
    monkeypatch.setattr(callback_module, "histograms", lambda *_: 1 / 0)
    callback = EstimatePriors(images, labels, folds=2, max_steps=10, log_dir=tmp_path)
    with pytest.warns(UserWarning, match="The picture .*priors.png could not be made: ZeroDivisionError"):
        callback.run(nl.build_discriminator((8, 8, 1), width=0.1, spectral_layers="all"))
    assert [path.name for path in tmp_path.iterdir()] == ["priors.json"]


@pytest.mark.parametrize(
    "dataset",
    [
        lambda images, labels: tf.data.Dataset.from_tensor_slices((images, labels)),
        lambda images, labels: tf.data.Dataset.from_tensor_slices(images).batch(8),
        lambda images, labels: tf.data.Dataset.from_tensor_slices({"image": images, "label": labels}).batch(8),
    ],
    ids=["not batched", "no labels", "a dict"],
)
def test_a_data_set_of_another_structure_is_refused(images, labels, dataset):
    with pytest.raises(
        nl.InputError, match=r"Expected a tf.data set of \(images, labels\), images of shape \(n, h, w, c\)"
    ):
        EstimatePriors.placed_first(None, dataset(images, labels))


@pytest.mark.slow
@pytest.mark.parametrize("annotators", [2, 3])
def test_several_annotators_give_the_estimate_of_one(digits, annotators):
    task, _ = digits
    rng = np.random.default_rng(0)
    images, labels = (np.repeat(values, annotators, axis=0) for values in (task.images, task.labels))
    noisy = np.where(rng.random(len(labels)) < 0.15, 1 - labels, labels)
    alone = EstimatePriors(task.images, noisy[::annotators], folds=3)
    together = EstimatePriors(images, noisy, folds=3)
    one, several = (each.run(nl.build_discriminator(task.image_shape, width=0.1)).priors for each in (alone, together))
    truth = realised_priors(labels, noisy)
    assert (several.pi_p, several.pi_n) == pytest.approx(truth, abs=0.03)
    assert (several.pi_p, several.pi_n) == pytest.approx((one.pi_p, one.pi_n), abs=0.05)
    # An entry for each label, as one image with two different labels has two; all of an image with the same score.
    assert len(together.images) == len(images)
    scores = dict(zip(map(bytes, together.images), together.logits[0], strict=True))
    assert [scores[bytes(image)] for image in together.images] == together.logits[0].tolist()


def test_no_training_is_refused(images, labels):
    with pytest.raises(ValueError, match="Expected trainings to be at least 1, got 0"):
        EstimatePriors(images, labels, trainings=0)
