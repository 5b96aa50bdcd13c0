import os
import subprocess
import sys

import pytest

from nlgan_tf.stack import check_backend, check_keras_version


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
