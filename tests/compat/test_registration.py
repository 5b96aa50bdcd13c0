"""In processes of their own, which begin without Keras."""

import subprocess
import sys

import pytest

import nlgan_tf as nl
from nlgan_tf.config import StageOneConfig

LOAD = """
assert type(keras.models.load_model(sys.argv[1])).__name__ == "NLGAN"
assert keras.models.load_model(sys.argv[2]).name == "classifier"
import nlgan_tf.gan.model, nlgan_tf.networks.dropout
assert type(keras.models.load_model(sys.argv[1])) is nlgan_tf.gan.model.NLGAN
assert type(keras.models.load_model(sys.argv[2]).layers[-2]) is nlgan_tf.networks.dropout.CountedDropout
"""
# The finder of this package finds Keras before it is there, and leaves then.
NLGAN_TF_FIRST = """
import importlib.util, nlgan_tf
assert not {"keras", "tensorflow"} & set(sys.modules)
from nlgan_tf.compat import registration
assert importlib.util.find_spec("keras").name == "keras"
assert "keras" not in sys.modules
ours = [finder for finder in sys.meta_path if type(finder).__module__ == registration.__name__]
assert len(ours) == 1
import keras
assert ours[0] not in sys.meta_path
assert set(registration.HOMES) <= {name.removeprefix("nlgan_tf>") for name in keras.saving.get_custom_objects()}
"""
ORDERS = {
    "nlgan_tf first": NLGAN_TF_FIRST,
    "Keras first": "import keras, nlgan_tf",
    "by TensorFlow": "import nlgan_tf; import tensorflow as tf; keras = tf.keras",
    "one network alone": "import nlgan_tf; nlgan_tf.build_classifier; import keras",
    "one of its modules": "import nlgan_tf.networks.layers; import keras",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    """An NLGAN with every layer of this package, and a classifier."""
    folder = tmp_path_factory.mktemp("files")
    config = StageOneConfig(width=0.1, translation=0.25, augment="photos", attention=True, spectral_layers="all")
    nl.build_nlgan((8, 8, 1), nl.NoisePriors(0.7, 0.85), config).save(folder / "nlgan.keras")
    nl.build_classifier((8, 8, 1), width=0.1).save(folder / "classifier.keras")
    return [str(folder / "nlgan.keras"), str(folder / "classifier.keras")]


@pytest.mark.parametrize("order", ORDERS)
def test_keras_loads_both_files_after_nlgan_tf_is_imported(files, order):
    subprocess.run([sys.executable, "-c", f"import sys; {ORDERS[order]}{LOAD}", *files], check=True)


def test_every_registered_class_of_this_package_has_a_home():
    from nlgan_tf import models  # noqa: F401
    from nlgan_tf.compat.keras import keras
    from nlgan_tf.compat.registration import HOMES

    ours = {name for name in keras.saving.get_custom_objects() if name.startswith("nlgan_tf>")}
    assert ours == {f"nlgan_tf>{name}" for name in HOMES}
