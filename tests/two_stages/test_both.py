import dataclasses
import functools
import json

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.extractors import channel_means, saved_extractor
from helpers.halves import halves
from nlgan_tf.compat.gradients import custom_gradients
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.errors import InputError, TrainingFailed
from nlgan_tf.evaluation.metrics import accuracy
from nlgan_tf.noise_rates.callback import EstimatePriors
from nlgan_tf.two_stages import cross_fitting, train_stage_one, train_stage_two
from nlgan_tf.two_stages.cross_fitting import CrossFit

STAGE_ONE = StageOneConfig(epochs=2, batch_size=16, samples_per_epoch=64, width=0.1, spectral_layers="all")
STAGE_TWO = StageTwoConfig(num_images=20, epochs=1, batch_size=16, samples_per_epoch=32, width=0.1, novelty=0.1)
STAGES = {"stage_one": STAGE_ONE, "stage_two": STAGE_TWO}
# After a few steps the generators draw grey images, which are near to everything.
pytestmark = pytest.mark.filterwarnings("ignore:Near copies of originals are kept")


def test_arrays_in_models_and_drawn_set_out(images, labels):
    found = nl.train_two_stages(images, labels, nl.NoisePriors(0.7, 0.85), **STAGES)
    assert found.images.shape == (20, 8, 8, 1)
    assert found.labels.tolist() == [1] * 10 + [0] * 10
    assert found.classifier.output_shape == (None, 1)
    np.testing.assert_allclose(found.posterior, found.model.predict(images, verbose=0), atol=1e-6)
    assert [row["epoch"] for row in found.history] == [0, 1]
    assert found.history[-1]["loss"] > 0


def test_stage_two_draws_and_a_classifier_of_drawn_images_alone_knows_real_ones():
    images, labels = halves(60)

    class Generators:
        def hallucinate(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
            assert (n, seed) == (40, 3)
            return images[:n], labels[:n]

    config = StageTwoConfig(
        num_images=40, epochs=3, samples_per_epoch=640, width=0.2, learning_rate=1e-3, batch_size=32
    )
    drawn, classifier = train_stage_two(Generators(), config, seed=3)
    np.testing.assert_array_equal(drawn[0], images[:40])
    np.testing.assert_array_equal(drawn[1], labels[:40])
    assert accuracy(classifier, images[40:], labels[40:]) == 1


def test_the_settings_of_the_drawing_reach_the_generators():
    images, labels = halves(20)
    asked = []

    class Generators:
        def hallucinate(self, n: int, seed: int, **settings: float) -> tuple[np.ndarray, np.ndarray]:
            asked.append(settings)
            return images[:n], labels[:n]

    config = StageTwoConfig(num_images=20, epochs=1, samples_per_epoch=32, width=0.1, batch_size=16)
    alone = {"min_confidence": 0.8}, {"keep_surest": 0.8}, {"temperature": 0.5}
    for settings in ({}, *alone, {"min_confidence": 0.5, "temperature": 2.0}):
        train_stage_two(Generators(), dataclasses.replace(config, **settings), seed=3)
        assert asked.pop() == settings
    train_stage_two(Generators(), dataclasses.replace(config, novelty=0.1), seed=3, originals=images)
    assert asked[0]["novelty"] == 0.1
    assert asked[0]["originals"] is images


def test_it_gives_what_a_run_gives(images, labels, tmp_path):
    priors = nl.NoisePriors(0.7, 0.85)
    kept = custom_gradients()
    found = nl.train_two_stages(images, labels, priors, seed=3, **STAGES)
    assert custom_gradients() == kept
    np.savez(tmp_path / "set.npz", images=images, noisy_labels=labels)
    config = nl.RunConfig(task=f"npz:{tmp_path / 'set.npz'}", pi_p=0.7, pi_n=0.85, seed=3, **STAGES)
    config = dataclasses.replace(config, compare=False, export=False)
    run = nl.run(dataclasses.replace(config, run_dir=str(tmp_path / "run")), verbose=0)
    assert custom_gradients() == kept
    with np.load(run.run_dir / "clean_dataset.npz") as drawn:
        np.testing.assert_array_equal(drawn["images"], found.images)
    classifier = nl.load_model(run.run_dir / "checkpoints" / "classifier.keras")
    for ours, theirs in zip(found.classifier.trainable_variables, classifier.trainable_variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert json.loads((run.run_dir / "metrics.json").read_text())["settings"]["seed"] == 3


@pytest.mark.parametrize("as_file", [False, True])
def test_frozen_features_are_the_trunk_of_the_classifier(images, labels, tmp_path, as_file):
    # Brighter positives: the means of the channels tell the classes apart, and D has hardly trained.
    images = np.where(labels[:, None, None, None] == 1, images // 2 + 128, images // 2).astype(np.uint8)
    weights = np.array([[1.0, -1.0]] * 3, np.float32)
    weights[0, 1] = 1.0
    extractor = saved_extractor(tmp_path, weights=weights) if as_file else channel_means(weights=weights)
    two = dataclasses.replace(STAGE_TWO, learns_from="both", witness="features", network="features")
    stages = {"stage_one": STAGE_ONE, "stage_two": two}
    noisy = nl.corrupt_labels(labels, nl.NoisePriors(0.85, 0.85), seed=0)
    found = nl.train_two_stages(images, noisy, nl.NoisePriors(0.85, 0.85), features=extractor, **stages)
    assert found.classifier.get_layer("vectors").output.shape == (None, 2)
    assert found.classifier.output_shape == (None, 1)
    with pytest.raises(InputError, match="Expected features for a network or witness of features"):
        nl.train_two_stages(images, noisy, nl.NoisePriors(0.85, 0.85), **stages)
    with pytest.raises(InputError, match="Expected learns_from to be originals, both or auto with features, got drawn"):
        nl.train_two_stages(images, noisy, nl.NoisePriors(0.85, 0.85), features=extractor, **STAGES)


def test_unknown_priors_are_estimated(images, labels, monkeypatch):
    monkeypatch.setattr(cross_fitting, "EstimatePriors", functools.partial(EstimatePriors, max_steps=60))
    # Positives are bright: a small D tells the classes apart within seconds.
    images = np.where(labels[:, None, None, None] == 1, images // 2 + 128, images // 2).astype(np.uint8)
    found = nl.train_two_stages(images, labels, **STAGES)
    assert isinstance(found.model.priors, nl.NoisePriors)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": "best"}, "Expected recipe to be one of literal, paper, modern; got 'best'"),
        ({"priors": (0.7, 0.85)}, "Expected priors to be NoisePriors"),
        ({"noisy_labels": np.full(40, 2)}, "2"),
        ({"images": np.full((40, 8, 8, 2), 99)}, "Expected images of 1 or 3 channels, got 2"),
        (
            {"images": np.full((40, 3, 16, 16), 99)},
            r"channels, got 16: np.moveaxis\(images, 1, -1\) puts channels last$",
        ),
        (
            {"images": np.full((40, 8, 8, 1), 1.026)},
            r"got a largest value of 1.026: np.clip\(images, 0, 1\) \* 255 maps",
        ),
        ({"images": np.ones((40, 8, 8, 1), int)}, r"got a largest value of 1: multiply the images by 255$"),
    ],
)
def test_what_is_not_accepted_is_refused_before_any_training(images, labels, changes, message):
    with pytest.raises(nl.InputError, match=message):
        nl.train_two_stages(**{"images": images, "noisy_labels": labels, **changes})


def test_a_loss_that_is_not_finite_stops_where_nothing_is_saved(tiny_model, images, labels):
    model = tiny_model(d_learning_rate=1e30)
    with pytest.raises(TrainingFailed, match="not finite"):
        train_stage_one(model, images, labels, STAGE_ONE)


@pytest.mark.slow
def test_a_member_learns_nothing_of_the_fold_that_it_judges(images, labels):
    stages = {
        "stage_one": dataclasses.replace(STAGE_ONE, folds=2, fold_epochs=1, ema=0.9),
        "stage_two": dataclasses.replace(STAGE_TWO, learns_from="originals"),
    }
    priors = nl.NoisePriors(0.7, 0.85)

    def trained(images) -> list[list[np.ndarray]]:
        return [model.get_weights() for model in nl.train_two_stages(images, labels, priors, **stages).models]

    folds = CrossFit.build(images, labels, priors, stages["stage_one"]).folds
    poisoned = images.copy()
    poisoned[np.flatnonzero(folds == 1)[0]] = 255
    before, after = trained(images), trained(poisoned)
    changed = [any(np.any(a != b) for a, b in zip(*pair, strict=True)) for pair in zip(before, after, strict=True)]
    assert changed == [True, False]
