import os
import subprocess
import sys

import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import Model, check_backend, check_keras_version, pass_over_epochs


@pytest.mark.parametrize("version", ["3.0.5", "3.14.9"])
def test_an_unsafe_keras_3_is_refused(version):
    with pytest.raises(ValueError, match=f"Keras {version} is installed: accepted is 3.15 or newer"):
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
    assert "nlgan-tf: the Keras backend is 'jax': nlgan_tf accepts 'tensorflow' alone" in done.stderr
    assert "Traceback" not in done.stderr


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
