"""The clean data set: images drawn by both generators, written with a manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nlgan_tf.config import StageTwoConfig
from nlgan_tf.files import sha256, whole_file, write_text
from nlgan_tf.gan.drawing import DrawnSet
from nlgan_tf.pipeline.folder import DATASET, DATASET_MANIFEST

# The manifest's part on what was filtered; earlier versions wrote none.
DRAWING = "drawing"


def write_clean_dataset(
    folder: Path, images: np.ndarray, labels: np.ndarray, class_names: tuple[str, str], source: dict
) -> None:
    """Writes `clean_dataset.npz` (readable by `load_task("npz:...")`) and its manifest `clean_dataset.json`.

    Args:
        folder: Folder of both files.
        images: Images, uint8, shape (n, h, w, c).
        labels: Labels, 0 or 1, shape (n,).
        class_names: Names of the classes, (negative, positive).
        source: Origin of the images, such as seed and configuration; copied into the manifest.
    """
    path = folder / DATASET
    with whole_file(path) as temporary:
        np.savez_compressed(temporary, images=images, labels=labels, class_names=np.array(class_names))
    manifest = {
        "file": DATASET,
        "sha256": sha256(path),
        "image_shape": images.shape[1:],
        "counts": {name: int(np.sum(labels == label)) for label, name in enumerate(class_names)},
        **source,
    }
    write_text(folder / DATASET_MANIFEST, json.dumps(manifest, indent=2) + "\n")


def drawing_facts(config: StageTwoConfig, drawn: DrawnSet, class_names: tuple[str, str]) -> dict[str, Any]:
    """Returns what the manifest says of the filter: its settings, and the share of drawn images that passed, by class.

    Args:
        config: Settings of the drawing.
        drawn: Images, with the number of those that were tried.
        class_names: Names of the classes, (negative, positive).
    """
    passed = {class_names[label]: round(share, 4) for label, share in drawn.passed.items()}
    settings = {name: getattr(config, name) for name in ("min_confidence", "keep_surest", "temperature")}
    return {**settings, "novelty": drawn.novelty, "passed": passed}


def describe_drawing(config: StageTwoConfig) -> str:
    """Returns one line about what is about to be drawn."""
    temperature = "" if config.temperature == 1 else f" at temperature {config.temperature:g}"
    sure = "" if config.keep_surest == 1 else f", the {config.keep_surest:.0%} of which D is surest"
    if config.min_confidence is not None:
        sure = f", of which D is sure at {config.min_confidence:g} or more"
    new = ", no near copies of originals" if config.novelty else ""
    return f"Drawing {config.num_images} clean images{temperature}{sure}{new}"


def describe_passed(facts: Mapping[str, Any]) -> str:
    """Returns one line about the share of drawn images that passed the filter, from `drawing_facts`."""
    shares = ", ".join(f"{share:.1%} of {name}" for name, share in facts["passed"].items())
    return f"Drawn images that passed: {shares}"
