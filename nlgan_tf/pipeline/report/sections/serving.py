"""How the run is repeated, how the models are served, and the files of the run."""

from __future__ import annotations

import shlex
from pathlib import Path

from nlgan_tf.pipeline import folder
from nlgan_tf.pipeline.report.blocks import Block, Command, Table, Text
from nlgan_tf.pipeline.report.facts import RunFacts

SERVING_IMAGE = "tensorflow/serving:2.19.1"
REQUEST = r"""
curl http://localhost:8501/v1/models/classifier:predict \
  -d "{\"signature_name\": \"serving_bytes\",
       \"instances\": [{\"b64\": \"$(base64 < image.png | tr -d '\n')\"}]}"
""".strip()
FILES = {
    folder.DATASET: "the drawn images with their labels",
    folder.DATASET_MANIFEST: "its manifest",
    folder.POSTERIOR: "P(truly positive) of each original",
    folder.SAVED_MODELS: "the models for TensorFlow Serving",
    folder.CHECKPOINTS: "the Keras models",
    folder.METRICS: "accuracies and settings",
    folder.CONFIG: "the configuration, for --config",
    folder.HISTORY: "numbers and events of each epoch",
    folder.TIMINGS: "seconds by phase",
    folder.SAMPLES: "noisy and drawn images",
    folder.INTERPOLATION: "images drawn on the path from one z to another",
    folder.NEIGHBOURS: "drawn images, each above the nearest real image",
    "priors.json": "the estimate of the purities",
    "priors.png": "D's outputs that the estimate rests on",
}


def blocks(facts: RunFacts) -> list[Block]:
    """Returns the commands that repeat the run, serve its models and send one request, and a table of its files."""
    run_dir = facts.run.run_dir.absolute()
    repeat = f"nlgan-tf run --config {shlex.quote(str(run_dir / folder.CONFIG))} --run-dir again"
    files = [(name, what, _size(path)) for name, what in FILES.items() if (path := run_dir / name).exists()]
    return [
        Command("To repeat the run:", repeat),
        *_serving(run_dir),
        Table(f"Files in {run_dir}", ("Name", "Content", "Size"), files),
    ]


def _serving(run_dir: Path) -> list[Block]:
    if not (run_dir / folder.SAVED_MODELS).is_dir():
        return [Text(f"The run folder has no {folder.SAVED_MODELS}; nlgan-tf export writes them elsewhere.")]
    models = shlex.quote(f"{run_dir / folder.SAVED_MODELS}:/models:ro")
    serve = " \\\n  ".join(
        (
            f"docker run --rm -p 8501:8501 -v {models} {SERVING_IMAGE}",
            "--model_config_file=/models/models.config",
            "--allow_version_labels_for_unavailable_models=true",
        )
    )
    return [
        Command("TensorFlow Serving loads the three models from the run folder:", serve),
        Command("One request, a PNG or JPEG of any size, which is answered by class and probability:", REQUEST),
        Command(
            "To publish the models as the next versions below a folder that is served:",
            f"nlgan-tf export {shlex.quote(str(run_dir))} --to base",
        ),
    ]


def _size(path: Path) -> str:
    paths = path.rglob("*") if path.is_dir() else [path]
    size = sum(one.stat().st_size for one in paths if one.is_file())
    number = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, size / 1e3):.0f} kB"
    return number.replace(" ", "\N{NO-BREAK SPACE}")
