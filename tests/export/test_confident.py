import numpy as np
import pytest
import tensorflow as tf

from helpers.brightness import brightness_confidence
from nlgan_tf.export.confident import NAME
from nlgan_tf.export.generator import generator_servable
from nlgan_tf.export.manifest import read_manifest
from nlgan_tf.gan.latent import draw_latent


def asked(served, num_samples: int, seed: int, temperature: float, min_confidence: float) -> dict[str, np.ndarray]:
    answer = served("positive_generator")[NAME](
        num_samples=tf.constant(num_samples, tf.int64),
        seed=tf.constant(seed, tf.int64),
        temperature=tf.constant(temperature, tf.float32),
        min_confidence=tf.constant(min_confidence, tf.float32),
    )
    return {name: value.numpy() for name, value in answer.items()}


def of_keras(generator, n: int, seed: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    images = (generator(temperature * draw_latent(n, 7, "uniform", (seed, 1))) + 1) * 127.5
    return images.numpy(), brightness_confidence(images).numpy()


def test_all_images_at_temperature_1_are_those_of_sample(served):
    answer = asked(served, 5, 3, 1.0, 0.0)
    five = served("positive_generator")["sample"](num_samples=tf.constant(5, tf.int64), seed=tf.constant(3, tf.int64))
    np.testing.assert_allclose(answer["images"], five["images"], atol=1e-3)
    np.testing.assert_allclose(answer["confidence"], brightness_confidence(five["images"]), atol=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_images_are_the_first_that_d_is_sure_of(served, generator, temperature):
    images, sure = of_keras(generator, 120, 3, temperature)
    threshold = float(np.mean(np.sort(sure)[[79, 80]]))  # A third passes, and no rounding decides.
    passed = np.flatnonzero(sure >= threshold)[:6]
    answer = asked(served, 6, 3, temperature, threshold)
    np.testing.assert_allclose(answer["images"], images[passed], atol=1e-3)
    np.testing.assert_allclose(answer["confidence"], sure[passed], atol=1e-5)
    for fewer in (1, 4):
        again = asked(served, fewer, 3, temperature, threshold)
        np.testing.assert_allclose(again["images"], images[passed[:fewer]], atol=1e-3)


def test_fewer_images_come_where_few_of_twenty_times_as_many_pass(served, generator):
    _, sure = of_keras(generator, 4 * 20, 3, 1.0)
    threshold = float(np.mean(np.sort(sure)[[-3, -2]]))
    answer = asked(served, 4, 3, 1.0, threshold)
    assert answer["images"].shape == (2, 8, 8, 1)
    np.testing.assert_allclose(answer["confidence"], sure[sure >= threshold], atol=1e-5)
    assert asked(served, 4, 3, 1.0, 0.9999)["images"].shape == (0, 8, 8, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 3, 1.0, 0.0), "Expected num_samples to ask for 1 to 1024 images, got 0 images"),
        ((1025, 3, 1.0, 0.0), "got 1025 images"),
        ((2, 3, 0.0, 0.0), "Expected temperature to be a finite number above 0, got 0"),
        ((2, 3, float("inf"), 0.0), "Expected temperature to be a finite number above 0, got inf"),
        ((2, 3, float("nan"), 0.0), "Expected temperature to be a finite number above 0, got -?nan"),
        ((2, 3, 1.0, 1.0), "Expected min_confidence to be at least 0 and below 1, got 1"),
        ((2, 3, 1.0, -0.5), "Expected min_confidence to be at least 0 and below 1, got -0.5"),
    ],
)
def test_what_is_out_of_range_is_refused(served, settings, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        asked(served, *settings)


def test_the_examples_filter(generator):
    examples = generator_servable(generator, "generator", stream=1, confidence=brightness_confidence).examples
    thresholds = {}
    for example in examples:
        if example.signature == NAME:
            batch = int(example.inputs["num_samples"])
            thresholds[batch] = example.inputs["min_confidence"]
            assert example.outputs["images"].shape == (batch, 8, 8, 1)
            assert example.outputs["confidence"].min() > thresholds[batch]
    assert sorted(thresholds) == [1, 3, 64]
    assert max(thresholds.values()) > 0.3


def test_the_manifest_and_the_card_tell_the_contract(exported_base):
    version = exported_base / "positive_generator" / "1"
    contract = read_manifest(version)[NAME]
    assert "temperature: factor on z" in contract
    assert f"| sample confident | {contract} |" in (version / "MODEL_CARD.md").read_text()


def test_without_d_a_generator_has_the_other_signatures_alone(generator):
    servable = generator_servable(generator, "generator")
    assert list(servable.signatures) == ["serving_default", "sample", "sample_rows", "sample_png"]
    assert NAME not in servable.facts
