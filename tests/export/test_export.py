"""Exports as a whole: the contract of signatures, models of low precision, and models that are refused."""

import json
import resource

import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers import ROOT
from nlgan_tf.export import check_export, export_classifier, export_generator

SIGNATURES = json.loads((ROOT / "export" / "signatures.json").read_text())


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
@pytest.mark.parametrize(("policy", "bound"), [("mixed_float16", 1e-5), ("mixed_bfloat16", 2e-2), ("bfloat16", 2e-2)])
def test_a_model_trained_in_low_precision_serves_float32(tmp_path, low_precision, policy, bound):
    classifier = low_precision(policy, nl.build_classifier, (8, 8, 1), width=0.2)
    generator = low_precision(policy, nl.build_generator, (8, 8, 1), width=0.2)
    export_classifier(classifier, tmp_path)
    version = export_generator(generator, tmp_path, "generator")
    function = tf.saved_model.load(str(version)).signatures["sample_rows"]
    assert function(seeds=tf.constant([1], tf.int64))["images"].dtype == tf.float32
    assert max(row["deviation"] for row in check_export(tmp_path)) <= bound


def test_what_is_no_classifier_or_generator_is_refused(tmp_path, classifier, generator):
    with pytest.raises(ValueError, match="Expected a classifier"):
        export_classifier(generator, tmp_path)
    with pytest.raises(ValueError, match="Expected a generator"):
        export_generator(classifier, tmp_path, "generator")
    with pytest.raises(ValueError, match="Expected class_names to be two names"):
        export_classifier(classifier, tmp_path, ("same", "same"))
    with pytest.raises(ValueError, match="Expected latent to be one of uniform, normal; got 'cauchy'"):
        export_generator(generator, tmp_path, "generator", latent="cauchy")
    assert not list(tmp_path.iterdir())


def test_a_limit_on_the_size_of_files_is_one_line_and_leaves_nothing(tmp_path, generator):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"beyond the limit on the size of files \(ulimit -f\) while writing .*base"):
            export_generator(generator, tmp_path / "base", "generator")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "base").exists()
