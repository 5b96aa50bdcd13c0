import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.errors import InputError
from nlgan_tf.export.servable import compute_dtype
from nlgan_tf.networks.classifier import build_classifier, of_plain_layers
from nlgan_tf.networks.generator import build_generator
from nlgan_tf.training.precision import choose_precision, computing_in, float32_copy, of_processor

SHAPE = (8, 8, 1)


@pytest.mark.parametrize(
    ("flags", "name", "reason"),
    [
        ("fpu avx512f avx512_bf16 amx_bf16 amx_tile", "bfloat16", "the processor has amx_bf16"),
        ("fpu avx512_bf16", "bfloat16", "the processor has avx512_bf16"),
        # Part of another word.
        ("fpu avx512f no_amx_bf16", "float32", "the processor is not known to have amx_bf16 or avx512_bf16"),
    ],
)
def test_auto_reads_the_processors_instructions(tmp_path, flags, name, reason):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: {flags}\nbugs\t\t: spectre_v1\n")
    assert of_processor(cpuinfo) == (name, reason)


def test_an_unknown_processor_gets_float32(tmp_path):
    assert of_processor(tmp_path / "missing").name == "float32"


def test_a_named_precision_is_taken_and_another_name_refused():
    assert choose_precision("float16") == ("float16", "as asked")
    with pytest.raises(
        InputError, match="Expected precision to be one of auto, float32, bfloat16, float16; got 'half'"
    ):
        choose_precision("half")


def test_the_policy_is_restored_even_after_an_error():
    before = keras.mixed_precision.global_policy().name

    def fail():
        with computing_in("bfloat16"):
            assert keras.mixed_precision.global_policy().name == "mixed_bfloat16"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert keras.mixed_precision.global_policy().name == before


def test_a_model_multiplies_in_its_precision_and_keeps_float32_weights():
    small = StageOneConfig(width=0.1, spectral_layers="all", ema=0.9)
    model = nl.build_nlgan(SHAPE, nl.NoisePriors(0.7, 0.85), small, precision="bfloat16")
    assert compute_dtype(model.discriminator) == compute_dtype(model.positive_generator) == "bfloat16"
    variables = [*model.variables, *(variable for one in model.optimizers() for variable in one.variables)]
    assert {str(variable.dtype) for variable in variables if "float" in str(variable.dtype)} <= {
        "float32",
        "<dtype: 'float32'>",
    }
    assert keras.mixed_precision.global_policy().name == "float32"


@pytest.mark.parametrize("build", [build_generator, build_classifier])
def test_a_float32_copy_rounds_less_and_has_the_same_weights(build):
    argument = {"latent_dim": 100} if build is build_generator else {}
    exact = build(SHAPE, width=0.2, **argument)
    with computing_in("bfloat16"):
        low = build(SHAPE, width=0.2, **argument)
    copy = float32_copy(low)
    assert (compute_dtype(low), compute_dtype(copy)) == ("bfloat16", "float32")
    inputs = np.random.default_rng(0).uniform(-1, 1, (4, *low.input_shape[1:])).astype(np.float32)
    # Networks of one seed have the same weights, whatever they compute in.
    np.testing.assert_array_equal(copy(inputs), exact(inputs))
    assert np.abs(np.asarray(low(inputs)) - np.asarray(exact(inputs))).max() > 0
    assert float32_copy(exact) is exact


def nested(precision: str) -> keras.Model:
    with computing_in(precision):
        small = StageOneConfig(width=0.1, spectral_layers="all")
        inner = nl.build_nlgan(SHAPE, nl.NoisePriors(0.7, 0.85), small).discriminator
        images = keras.Input(SHAPE)
        return keras.Model(images, keras.layers.Rescaling(2.0, dtype="float32")(inner(images)))


def test_a_float32_copy_of_models_within_models():
    copy, exact = float32_copy(nested("bfloat16")), nested("float32")
    assert (compute_dtype(nested("bfloat16")), compute_dtype(copy)) == ("bfloat16", "float32")
    inputs = np.random.default_rng(0).uniform(-1, 1, (4, *SHAPE)).astype(np.float32)
    np.testing.assert_allclose(copy(inputs), exact(inputs), rtol=1e-5)


def test_a_classifier_of_plain_layers_computes_in_float32():
    with computing_in("bfloat16"):
        low = build_classifier(SHAPE, width=0.2, network="small")
    assert compute_dtype(of_plain_layers(low)) == "float32"
