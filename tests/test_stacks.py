"""The two stacks against each other. NLGAN_OTHER_PYTHON: the interpreter of an environment with the other one."""

import json
import os
import subprocess

import pytest
import tensorflow as tf

from nlgan_tf.compat.installed import LEGACY, STACK
from nlgan_tf.compat.keras import keras
from nlgan_tf.export import check, replay
from nlgan_tf.export.manifest import read_manifest

OTHER_PYTHON = os.environ.get("NLGAN_OTHER_PYTHON")
needs_the_other = pytest.mark.skipif(not OTHER_PYTHON, reason="NLGAN_OTHER_PYTHON names no interpreter")


def test_the_stack_is_what_the_packages_say():
    assert keras.__version__.startswith("2.15." if LEGACY else "3.")
    assert tf.__version__.startswith("2.15.") == LEGACY


def test_the_manifest_names_the_stack(exported_base):
    versions = read_manifest(exported_base / "classifier" / "1")["versions"]
    assert versions["stack"] == STACK
    assert versions["tensorflow"] == tf.__version__


@needs_the_other
@pytest.mark.parametrize("model", ["classifier", "positive_generator"])
def test_a_saved_model_answers_alike_on_the_other_stack(exported_base, model):
    version_dir = exported_base / model / "1"
    command = [OTHER_PYTHON, "-c", check.CLEAN_PROCESS, replay.__file__]
    asked = json.dumps(str(version_dir)) + "\n"
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    *rows, summary = map(json.loads, done.stdout.splitlines())
    assert {row["signature"] for row in rows} == set(summary["signatures"])
    assert max(row["deviation"] for row in rows) <= 1e-4


@needs_the_other
def test_the_other_is_another():
    code = "from nlgan_tf.compat.installed import STACK; print(STACK)"
    done = subprocess.run([OTHER_PYTHON, "-c", code], capture_output=True, text=True, check=True)
    assert {done.stdout.strip(), STACK} == {"current", "legacy"}
