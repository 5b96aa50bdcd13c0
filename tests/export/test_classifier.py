import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.export.classifier import classifier_servable
from nlgan_tf.export.servable import EXAMPLE_BATCHES


def test_the_classifier_serves_what_the_model_computes(served, classifier, images):
    logits = classifier(to_network_range(images)).numpy()[:, 0]
    encoded = tf.constant([tf.io.encode_png(image).numpy() for image in images])
    for answer in (
        served("classifier")["serving_default"](images=tf.constant(images, tf.float32)),
        served("classifier")["serving_uint8"](images=tf.constant(images)),
        served("classifier")["serving_bytes"](image_bytes=encoded),
    ):
        np.testing.assert_allclose(answer["probability"], 1 / (1 + np.exp(-logits)), atol=1e-5)
        np.testing.assert_array_equal(answer["label"], logits > 0)
        np.testing.assert_array_equal(answer["class_name"].numpy() == b"spam", logits > 0)
        assert (answer["probability"].dtype, answer["label"].dtype) == (tf.float32, tf.int64)


def test_every_signature_has_an_example_of_every_batch(classifier, images):
    servable = classifier_servable(classifier, "classifier", ("ham", "spam"), images)
    found = {(example.signature, len(example.outputs["label"])) for example in servable.examples}
    assert found == {(name, batch) for name in servable.signatures for batch in EXAMPLE_BATCHES}
    assert servable.facts == {"image_shape": [8, 8, 1], "class_names": ["ham", "spam"], "compute_dtype": "float32"}


def test_examples_are_images_of_both_ends_of_the_set(classifier, images):
    servable = classifier_servable(classifier, "classifier", ("ham", "spam"), images)
    largest = max((example.inputs for example in servable.examples if "images" in example.inputs), key=len_of)["images"]
    np.testing.assert_array_equal(largest[0], images[0])
    np.testing.assert_array_equal(largest[-1], images[-1])


def len_of(inputs: dict) -> int:
    return len(inputs["images"])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_a_classifier_of_low_precision_is_float32_outside(low_precision, policy):
    model = low_precision(policy, nl.build_classifier, (8, 8, 1), width=0.1)
    servable = classifier_servable(model, "classifier", ("ham", "spam"))
    assert servable.facts["compute_dtype"] == policy.removeprefix("mixed_")
    for name in ("serving_default", "serving_uint8", "serving_bytes"):
        outputs = servable.signatures[name].get_concrete_function().structured_outputs
        assert {key: spec.dtype for key, spec in outputs.items()} == {
            "probability": tf.float32,
            "label": tf.int64,
            "class_name": tf.string,
        }


def test_what_is_no_classifier_is_refused(classifier, generator):
    with pytest.raises(ValueError, match=r"Expected a classifier, .* got a model of \(None, 7\) -> \(None, 8, 8, 1\)"):
        classifier_servable(generator, "classifier", ("ham", "spam"))
    with pytest.raises(ValueError, match=r"Expected class_names to be two names, .* got \('same', 'same'\)"):
        classifier_servable(classifier, "classifier", ("same", "same"))
    with pytest.raises(ValueError, match=r"Expected class_names to be two names, .* got \('one',\)"):
        classifier_servable(classifier, "classifier", ("one",))
