"""Every command of export/README.md runs as it stands, but those that start TensorFlow Serving."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers import ROOT
from helpers.conformance.running import running_server
from helpers.pages import PAGES
from nlgan_tf.pipeline.report.sections.serving import SERVING_IMAGE

COMMANDS = [
    line
    for block in re.findall(r"```bash\n(.*?)```", (ROOT / "export" / "README.md").read_text(), re.DOTALL)
    for line in block.splitlines()
]
STARTS_A_SERVER = ("MODELS=", "tensorflow_model_server")
# As if installed; a refused request fails.
SHELL = """set -euo pipefail
nlgan-tf() { "$PYTHON" -m nlgan_tf.cli "$@"; }
python() { "$PYTHON" "$@"; }
curl() { command curl --fail --silent --show-error "$@"; }
"""


@pytest.mark.slow
def test_every_command_of_the_page_runs(run_dir, tmp_path):
    image = tf.io.encode_png(np.zeros((30, 20, 3), np.uint8)).numpy()
    (tmp_path / "image.png").write_bytes(image)
    (tmp_path / "runs").mkdir()
    run_dir.rename(tmp_path / "runs" / "digits_5_7-vs-2_4-1")
    (tmp_path / "export").symlink_to(ROOT / "export")
    exports = [command for command in COMMANDS if command.startswith("nlgan-tf")]
    requests = [command for command in COMMANDS if command.startswith(("curl", "python"))]
    assert len(exports) + len(requests) + 2 == len(COMMANDS)
    for command in exports:
        run(command, tmp_path)
    with running_server(tmp_path / "base" / "models.config") as server:
        port = server.url.rpartition(":")[2]
        for command in requests:
            command = command.replace("8501", port).replace("localhost:8500", server.grpc)
            if "--grpc" not in command:
                command = command.replace("client.py", f"client.py --url {server.url}")
            assert run(command.replace("localhost", "127.0.0.1"), tmp_path), command
    assert [path.read_bytes()[:4] for path in sorted((tmp_path / "drawn").iterdir())] == [b"\x89PNG"] * 3


def run(command: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "-c", SHELL + command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def test_readme_names_commands_of_that_page():
    section = (ROOT / "README.md").read_text().partition("## Serving")[2].partition("\n## ")[0]
    for command in re.search(r"```bash\n(.*?)```", section, re.DOTALL)[1].splitlines():
        assert command in COMMANDS


def test_one_version_of_the_container_is_named_everywhere():
    image, version = SERVING_IMAGE.split(":")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    compose = (ROOT / "export" / "compose.yaml").read_text()
    assert re.findall(r"image: (.+)", compose) == [f"{image}:${{SERVING_VERSION:-{version}}}"]
    named = [name for page in PAGES for name in re.findall(r"tensorflow/serving:[\w.]+", page.read_text())]
    assert set(named) == {SERVING_IMAGE}


def test_the_compose_file_mounts_what_it_configures():
    compose = (ROOT / "export" / "compose.yaml").read_text()
    for mounted in re.findall(r"- \./([\w.]+):", compose):
        assert (ROOT / "export" / mounted).is_file()
    for flag in re.findall(r"--\w+=/models/(\S+)", compose):
        assert flag == "models.config"
