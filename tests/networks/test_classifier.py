import functools
import math
import subprocess
import sys

import numpy as np
import pytest

from helpers.noise import noise_and_labels
from nlgan_tf import config
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.errors import InputError
from nlgan_tf.networks.classifier import CLASSIFIERS, build_classifier, of_plain_layers
from nlgan_tf.stage_two import train_classifier

# In a process that does not know this package.
LOAD_PLAINLY = """
import sys
import keras
import numpy as np
classifier = keras.models.load_model(sys.argv[1])
assert "nlgan_tf" not in sys.modules
images = np.load(sys.argv[2])
np.save(sys.argv[3], classifier(images))
classifier.fit(images, np.ones((len(images), 1)), verbose=0)
assert int(classifier.optimizer.iterations) == 6
"""


@pytest.fixture(scope="module", params=CLASSIFIERS)
def trained(request):
    """A classifier of 8x8 images, which no test changes."""
    settings = StageTwoConfig(num_images=4, epochs=2, samples_per_epoch=256, width=0.2, network=request.param)
    return train_classifier(*noise_and_labels(), settings)


def test_parameters_by_hand():
    convolutions = (25 * 1 * 32 + 32) + (25 * 32 * 64 + 64)
    fully_connected = (7 * 7 * 64 * 1024 + 1024) + (1024 + 1)
    classifier = build_classifier((28, 28, 1))
    assert sum(math.prod(v.shape) for v in classifier.trainable_variables) == convolutions + fully_connected
    names = "images conv_1 pool_1 conv_2 pool_2 flatten fc dropout logits"
    assert [layer.name for layer in classifier.layers] == names.split()
    assert classifier.get_layer("dropout").rate == 0.5


def test_the_settings_know_every_network():
    assert tuple(CLASSIFIERS) == config.CLASSIFIERS
    with pytest.raises(InputError, match="Expected network to be one of paper, small, residual; got 'large'"):
        build_classifier((8, 8, 1), network="large")


@pytest.mark.parametrize("network", CLASSIFIERS)
def test_every_network_has_its_number_of_logits_and_seeds(network):
    build = functools.partial(build_classifier, (8, 8, 1), 0.1, network=network)
    assert build(num_logits=3).output_shape == (None, 3)
    first, again, other = (build(seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [k for k, weight in enumerate(first) if weight.ndim > 1]
    assert all(np.all(first[k] != other[k]) for k in kernels)
    # No two layers share a seed: equal sizes would start equal.
    assert len({first[k].ravel()[0] for k in kernels}) == len(kernels)


# Which has every layer of this package.
@pytest.mark.parametrize("trained", ["residual"], indirect=True)
def test_a_file_of_plain_layers_loads_without_this_package(trained, images, tmp_path):
    images = (images / 127.5 - 1).astype(np.float32)
    of_plain_layers(trained).save(tmp_path / "plain.keras")
    np.save(tmp_path / "images.npy", images)
    names = [str(tmp_path / name) for name in ("plain.keras", "images.npy", "logits.npy")]
    subprocess.run([sys.executable, "-c", LOAD_PLAINLY, *names], check=True, cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "logits.npy"), trained(images))


def test_plain_layers_compute_the_same_to_the_last_bit(trained, images):
    plain, images = of_plain_layers(trained), (images / 127.5 - 1).astype(np.float32)
    assert {type(layer).__module__.split(".")[0] for layer in plain.layers} == {"keras"}
    np.testing.assert_array_equal(plain(images), trained(images))
    assert plain.evaluate(images, np.ones((40, 1)), verbose=0) == trained.evaluate(images, np.ones((40, 1)), verbose=0)
    for mine, theirs in zip(plain.optimizer.variables, trained.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_an_uncompiled_classifier_stays_uncompiled():
    assert getattr(of_plain_layers(build_classifier((8, 8, 1), width=0.1)), "optimizer", None) is None
