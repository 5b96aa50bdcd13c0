import os
import subprocess
import sys

import pytest

IMPORT = "import nlgan_tf as nl; nl.NLGAN"
# How a line of information in TensorFlow's log begins.
INFORMATION = "\nI0000 "


def stderr_of(code: str, **environment) -> str:
    variables = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**variables, **environment}, capture_output=True, text=True, check=True
    )
    return done.stderr


@pytest.mark.parametrize(
    "code",
    [
        IMPORT,
        "import nlgan_tf as nl; nl.tune",
        "from nlgan_tf.compat.keras import keras",
        "from nlgan_tf.cli.console import prepare; prepare()",
    ],
)
def test_the_import_of_tensorflow_prints_nothing(code):
    assert stderr_of(code) == ""


@pytest.mark.stack("current", reason="TF 2.15 prints nothing at any level")
def test_who_asks_for_the_log_gets_it():
    # What the lines say differs with the processor and the GPU.
    assert INFORMATION in stderr_of(IMPORT, TF_CPP_MIN_LOG_LEVEL="0")
    assert INFORMATION in stderr_of("from nlgan_tf.cli.console import prepare, VERBOSE; prepare(VERBOSE)")


def test_what_others_print_meanwhile_is_passed_on():
    code = (
        "import os; from nlgan_tf.compat import quiet\n"
        "with quiet._without_startup_lines():\n"
        "    os.write(2, b'I0000 00:00:1.5    2765 port.cc:153] a note\\n')\n"
        "    os.write(2, b'E0000 00:00:1.5  2765 gpu.cc:1] broken\\nmine\\n')"
    )
    assert stderr_of(code) == "E0000 00:00:1.5  2765 gpu.cc:1] broken\nmine\n"


def test_a_process_without_stderr_still_imports():
    assert stderr_of("import os; os.close(2); import nlgan_tf as nl; nl.NLGAN") == ""


@pytest.mark.parametrize(("level", "notes"), [("3", False), ("0", True)])
def test_a_notebook_sees_no_paths_of_savedmodels_unless_it_asks_for_the_log(tmp_path, level, notes):
    # An interactive process is what TensorFlow prints its notes in.
    code = (
        "import sys; sys.ps1 = '>>> '\n"
        "import nlgan_tf as nl, tensorflow as tf\n"
        "model = nl.build_generator((8, 8, 1), latent_dim=7, width=0.1)\n"
        f"nl.export_generator(model, {str(tmp_path)!r}, 'positive_generator', stream=1, served_from='/models')\n"
        "tf.get_logger().info('a note of the user')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": level},
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout + done.stderr
    assert ("Assets written to" in said) == notes
    assert "a note of the user" in said
