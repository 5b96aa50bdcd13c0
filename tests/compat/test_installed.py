import subprocess
import sys

from nlgan_tf.compat.installed import DEFAULT_SPECTRAL_NORM, LEGACY, SPECTRAL_NORMS, STACK
from nlgan_tf.compat.keras import keras


def test_the_stack_is_the_one_of_keras_own_version():
    assert ("legacy" if keras.__version__.startswith("2.") else "current") == STACK
    assert (STACK == "legacy") == LEGACY
    assert DEFAULT_SPECTRAL_NORM in SPECTRAL_NORMS
    assert ("addons" in SPECTRAL_NORMS) == LEGACY


def test_it_is_told_without_the_import_of_keras():
    told = "import sys, nlgan_tf.compat.installed as installed; print(installed.STACK, 'keras' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert printed.split() == [STACK, "False"]
