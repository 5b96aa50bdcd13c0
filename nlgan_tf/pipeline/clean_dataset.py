"""The clean data set: images drawn by both generators, written with a manifest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nlgan_tf.files import sha256, whole_file, write_text
from nlgan_tf.pipeline.folder import DATASET, DATASET_MANIFEST


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
