"""MNIST and CIFAR-10, as TensorFlow Datasets stores them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from nlgan_tf.data.sources.classes import Classes


def load_tfds(name: str, data_dir: str | None = None) -> Classes:
    """All classes of a data set, downloaded where it is not there.

    Raises:
        FileNotFoundError: for a data set that is not there and cannot be fetched.
    """
    import tensorflow_datasets as tfds

    root = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    # Read straight from the folder: tfds.load would ask the network for a newer version, and stall without one.
    prepared = sorted(path.parent for path in (root / name).glob("*/dataset_info.json"))
    if not prepared:
        _download(name, root)
        return load_tfds(name, str(root))
    builder = tfds.builder_from_directory(prepared[-1])
    splits = [
        tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, shuffle_files=False))
        for split in ("train", "test")
    ]
    train, test = ((split["image"], split["label"]) for split in splits)
    return tuple(builder.info.features["label"].names), train, test


def _download(name: str, root: Path) -> None:
    import tensorflow_datasets as tfds

    try:
        # Asked first, as a download without a network would hang rather than fail.
        socket.create_connection(("storage.googleapis.com", 443), timeout=5).close()
        tfds.builder(name, data_dir=root).download_and_prepare()
    except (OSError, tfds.download.DownloadError) as error:
        raise FileNotFoundError(
            f"data set {name!r} is not in {root}, and cannot be downloaded without a network: "
            "give the folder that TensorFlow Datasets keeps it in (data_dir, --data-dir or TFDS_DATA_DIR)"
        ) from error
