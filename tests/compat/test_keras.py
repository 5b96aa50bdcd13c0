import json
import os
import subprocess
import sys

import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import (
    Model,
    check_backend,
    check_keras_version,
    keras,
    pass_over_epochs,
    variables_in_order,
)
from nlgan_tf.errors import InputError
from nlgan_tf.networks.discriminator import build_discriminator
from nlgan_tf.networks.generator import build_generator


@pytest.mark.parametrize("version", ["3.0.5", "3.14.9"])
def test_an_unsafe_keras_3_is_refused(version):
    with pytest.raises(ValueError, match=f"Expected Keras 3.15 or newer, got {version}, which loads"):
        check_keras_version(version)


@pytest.mark.parametrize("version", ["3.15.0", "3.16.0.dev1", "4.0.0", "2.15.0"])
def test_other_versions_pass(version):
    check_keras_version(version)


@pytest.mark.parametrize("name", [None, "", "tensorflow"])
def test_tensorflow_is_the_backend(name):
    check_backend(name)


def test_another_backend_is_one_clear_line():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-m", "nlgan_tf.cli", "run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        "nlgan-tf: Expected 'tensorflow' as the Keras backend, got 'jax': set KERAS_BACKEND=tensorflow" in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"image_data_format": "channels_first"},
            "Expected Keras's image_data_format to be 'channels_last', got 'channels_f",
        ),
        ({"floatx": "float64"}, "Expected Keras's floatx to be 'float32', got 'float64': change keras.json"),
        pytest.param(
            {"backend": "jax"},
            "Expected 'tensorflow' as the Keras backend, got 'jax'",
            marks=pytest.mark.stack("current", reason="Keras 2.15 has one backend, and ignores the setting"),
        ),
    ],
    ids=str,
)
def test_settings_of_keras_json_are_one_clear_line(tmp_path, settings, message):
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-m", "nlgan_tf.cli", "run"],
        env={**environment, "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert f"nlgan-tf: {message}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [("image_data_format", "channels_first", "channels_last"), ("floatx", "float64", "float32")],
)
def test_settings_that_are_called_later_stop_what_is_built(name, wrong, right):
    setter = getattr(keras.backend, f"set_{name}")
    setter(wrong)
    try:
        with pytest.raises(InputError, match=f"Expected Keras's {name} to be '{right}', got '{wrong}'"):
            build_generator((8, 8, 1), width=0.1)
    finally:
        setter(right)


class Recorder(Model):
    """Trains nothing; keeps the batches of `fit`."""

    def train_step(self, data):
        self.seen.append(data.numpy().tolist())
        return {"loss": tf.constant(0.0)}


def batches_of_fit(dataset: tf.data.Dataset, **epochs: int) -> list:
    model = Recorder()
    model.compile(optimizer=None, run_eagerly=True)
    seen = []
    object.__setattr__(model, "seen", seen)  # Keras would track a list.
    model.fit(dataset, shuffle=False, verbose=0, **epochs)
    return seen


@pytest.mark.parametrize("done", [0, 1, 3])
def test_the_order_of_a_continued_fit_is_that_of_a_whole_one(done):
    def dataset() -> tf.data.Dataset:
        return tf.data.Dataset.range(6).shuffle(6, seed=3).batch(6)

    whole = batches_of_fit(dataset(), epochs=4)
    continued = dataset()
    pass_over_epochs(continued, done)
    assert batches_of_fit(continued, initial_epoch=done, epochs=4) == whole[done:]


def test_the_order_of_variables_is_that_of_a_frozen_network_too():
    network = build_discriminator((8, 8, 1), spectral_norm="exact", batch_norm=True, width=0.1)
    before = variables_in_order(network)
    # Keras 3 counts the seed of a dropout too, which is no weight.
    assert {id(variable) for variable in network.weights} <= {id(variable) for variable in before}
    network.trainable = False
    assert all(a is b for a, b in zip(before, variables_in_order(network), strict=True))
