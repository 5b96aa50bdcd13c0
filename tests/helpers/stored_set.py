"""Small data sets as TensorFlow Datasets stores them."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def store_set(root: Path, name: str, version: str, configuration: str = "", first: int = 0) -> Path:
    """Writes images of 8x8 with the gray levels first, first + 1, ... and classes a, b, a, ..., and returns the folder.

    Both splits have 6 images; those of the test split are lighter by 100.
    """
    import tensorflow_datasets as tfds

    folder = root / name / configuration / version
    folder.mkdir(parents=True)
    identity = tfds.core.dataset_info.DatasetIdentity(
        name=name, version=version, data_dir=str(folder), module_name="", config_name=configuration or None
    )
    features = {"image": tfds.features.Image(shape=(8, 8, 1)), "label": tfds.features.ClassLabel(names=["a", "b"])}
    info = tfds.core.DatasetInfo(builder=identity, features=tfds.features.FeaturesDict(features))
    writer = tfds.core.SequentialWriter(info, max_examples_per_shard=6)
    writer.initialize_splits(["train", "test"])
    for split, lightest in {"train": first, "test": first + 100}.items():
        images = [np.full((8, 8, 1), lightest + index, np.uint8) for index in range(6)]
        writer.add_examples({split: [{"image": image, "label": index % 2} for index, image in enumerate(images)]})
    writer.close_all()
    return folder
