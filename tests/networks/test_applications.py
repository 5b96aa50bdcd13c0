import os
import subprocess
import sys

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras
from nlgan_tf.networks.applications import APPLICATIONS, build_application


@pytest.mark.slow
@pytest.mark.parametrize(("name", "module"), [("MobileNetV3Small", "mobilenet_v3"), ("MobileNetV2", "mobilenet_v2")])
def test_pixels_are_scaled_as_the_application_wants(name, module, rng):
    keras.utils.set_random_seed(0)
    model = build_application(name, weights=None)
    side = APPLICATIONS[name].side
    pixels = rng.uniform(0, 255, (2, side, side, 3)).astype(np.float32)
    (network,) = (layer for layer in model.layers if isinstance(layer, keras.Model))
    expected = network(getattr(keras.applications, module).preprocess_input(pixels.copy()), training=False).numpy()
    scale = np.abs(expected).max()  # Random weights give tiny vectors.
    assert scale > 0
    np.testing.assert_allclose(model(pixels).numpy() / scale, expected / scale, atol=1e-3)
    other = network(pixels / 255, training=False).numpy()
    assert np.abs(other - expected).max() > 0.01 * scale


def test_every_application_is_one_of_keras():
    for name, application in APPLICATIONS.items():
        assert callable(getattr(keras.applications, name))
        assert application.side in (224, 299)


def test_another_name_is_refused():
    with pytest.raises(nl.InputError, match=r"among EfficientNetB0, .*; got 'ResNet'"):
        build_application("ResNet")


@pytest.mark.slow
def test_offline_and_without_weights_a_run_ends_with_one_line(tmp_path):
    nowhere = "http://127.0.0.1:9"
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "HOME": str(tmp_path)}
    environment |= {"https_proxy": nowhere, "HTTPS_PROXY": nowhere, "http_proxy": nowhere}
    command = [sys.executable, "-m", "nlgan_tf.cli", "run", "--features", "MobileNetV3Small"]
    ended = subprocess.run(
        [*command, "--run-dir", str(tmp_path / "run")], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2, ended.stderr
    assert "Expected the imagenet weights of MobileNetV3Small in Keras's cache" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "run").exists()
