"""Exported models answer as their Keras models do, in a process that knows neither Keras nor this package."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import nlgan_tf as nl
from helpers import ROOT
from nlgan_tf.compat.keras import keras
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.export import check_export, export_classifier, export_generator
from nlgan_tf.gan.latent import draw_latent

SIGNATURES = json.loads((ROOT / "export" / "signatures.json").read_text())


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    """The one that `exported_base` exported: the same seed."""
    return nl.build_classifier((8, 8, 1), width=0.1)


@pytest.fixture(scope="module")
def generator() -> keras.Model:
    return nl.build_generator((8, 8, 1), latent_dim=7, width=0.1)


@pytest.fixture(scope="module")
def served(exported_base):
    """The signatures of a model, loaded from its version 1."""
    models = {
        name: tf.saved_model.load(str(exported_base / name / "1")) for name in ("classifier", "positive_generator")
    }
    return lambda name: models[name].signatures


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


def test_the_generator_serves_public_images(served, generator):
    latent = np.random.default_rng(0).uniform(-1, 1, (3, 7)).astype(np.float32)
    images = served("positive_generator")["serving_default"](latent=tf.constant(latent))["images"]
    np.testing.assert_allclose(images, (generator(latent) + 1) * 127.5, atol=1e-3)
    assert images.dtype == tf.float32


def test_a_draw_is_a_function_of_its_seed(served, generator):
    sample = served("positive_generator")["sample"]
    five, two = (
        sample(num_samples=tf.constant(n, tf.int64), seed=tf.constant(3, tf.int64))["images"].numpy() for n in (5, 2)
    )
    np.testing.assert_allclose(five[:2], two, atol=1e-3)
    z = draw_latent(5, 7, "uniform", (3, 1))
    np.testing.assert_allclose(five, (generator(z) + 1) * 127.5, atol=1e-3)


def test_a_row_is_the_same_whatever_the_batch(served):
    rows = served("positive_generator")["sample_rows"]
    seeds = np.arange(-3, 30, dtype=np.int64)
    together = rows(seeds=tf.constant(seeds))["images"].numpy()
    for place in (0, 7, 32):
        alone = rows(seeds=tf.constant(seeds[place : place + 1]))["images"].numpy()
        np.testing.assert_array_equal(together[place], alone[0])
    assert len({image.tobytes() for image in together}) == len(seeds)


def test_png_are_the_rows_rounded(served):
    seeds = tf.constant([5, 9], tf.int64)
    images = served("positive_generator")["sample_rows"](seeds=seeds)["images"].numpy()
    for png, image in zip(served("positive_generator")["sample_png"](seeds=seeds)["png_bytes"], images, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(png), image.round())


@pytest.mark.parametrize("number", [0, -1, 1025, 2**62])
def test_too_many_images_are_refused(served, number):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"asks for {number} images: accepted are 1 to 1024"):
        served("positive_generator")["sample"](num_samples=tf.constant(number, tf.int64), seed=tf.constant(0, tf.int64))


def test_the_signatures_are_those_of_signatures_json(exported_base):
    sizes = {"height": 8, "width": 8, "channels": 1, "latent_dim": 7, "n": None}
    for model, kind in (("classifier", "classifier"), ("positive_generator", "generator")):
        found = tf.saved_model.load(str(exported_base / model / "1")).signatures
        described = {
            name: {
                "inputs": {key: _described(spec) for key, spec in function.structured_input_signature[1].items()},
                "outputs": {key: _described(spec) for key, spec in function.structured_outputs.items()},
            }
            for name, function in found.items()
        }
        wanted = {
            name: {
                side: {
                    key: (spec["dtype"], [sizes[symbol] for symbol in spec["shape"]])
                    for key, spec in signature[side].items()
                }
                for side in ("inputs", "outputs")
            }
            for name, signature in SIGNATURES[kind].items()
        }
        assert described == wanted


def _described(spec: tf.TensorSpec) -> tuple[str, list]:
    return spec.dtype.name, list(spec.shape)


@pytest.mark.slow
def test_check_export_runs_everything_in_a_clean_process(exported_base):
    rows = list(check_export(exported_base))
    assert {(row["model"], row["signature"], row["batch"]) for row in rows} == {
        (model, signature, batch)
        for model, kind in (("classifier", "classifier"), ("positive_generator", "generator"))
        for signature in SIGNATURES[kind]
        for batch in (1, 3, 64)
    }
    assert max(row["deviation"] for row in rows) <= 1e-5


def test_weights_are_written_once_and_nothing_random_with_them(tmp_path):
    classifier = nl.build_classifier((8, 8, 1), width=0.5)
    version = export_classifier(classifier, tmp_path)
    written = tf.train.load_checkpoint(str(version / "variables" / "variables")).get_variable_to_shape_map()
    weights = [shape for name, shape in written.items() if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    assert sorted(weights) == sorted(list(weight.shape) for weight in classifier.trainable_variables)


def test_no_operation_asks_for_xla_or_keeps_random_state(exported_base):
    for model in ("classifier", "positive_generator"):
        saved = saved_model_pb2.SavedModel.FromString((exported_base / model / "1" / "saved_model.pb").read_bytes())
        graph = saved.meta_graphs[0].graph_def
        operations = {node.op for node in graph.node} | {
            node.op for function in graph.library.function for node in function.node_def
        }
        assert not {name for name in operations if name.startswith("Xla")}
        random = {name for name in operations if "Random" in name}
        assert all(name.startswith("Stateless") for name in random)
        assert not any("_XlaMustCompile" in function.attr for function in graph.library.function)


@pytest.mark.slow
def test_a_model_trained_in_float16_serves_float32(tmp_path):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        classifier = nl.build_classifier((8, 8, 1), width=0.2)
        generator = nl.build_generator((8, 8, 1), width=0.2)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    export_classifier(classifier, tmp_path)
    version = export_generator(generator, tmp_path, "generator")
    function = tf.saved_model.load(str(version)).signatures["sample_rows"]
    assert function(seeds=tf.constant([1], tf.int64))["images"].dtype == tf.float32
    assert max(row["deviation"] for row in check_export(tmp_path)) <= 1e-5


def test_what_is_no_classifier_or_generator_is_refused(tmp_path, classifier, generator):
    with pytest.raises(ValueError, match="is no classifier: accepted is"):
        export_classifier(generator, tmp_path)
    with pytest.raises(ValueError, match="is no generator: accepted is"):
        export_generator(classifier, tmp_path, "generator")
    with pytest.raises(ValueError, match="accepted are two names"):
        export_classifier(classifier, tmp_path, ("same", "same"))
    with pytest.raises(ValueError, match="latent 'cauchy' is unknown"):
        export_generator(generator, tmp_path, "generator", latent="cauchy")
    assert not list(tmp_path.iterdir())
