"""MNIST and CIFAR-10, as TensorFlow Datasets stores them."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from nlgan_tf.data.sources.classes import Classes
from nlgan_tf.errors import InputError, MissingPackage

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


def load_tfds(name: str, data_dir: str | None = None) -> Classes:
    """Returns all classes of a data set, which is downloaded if the folder lacks it.

    Args:
        name: Name of the data set, "mnist", or with its configuration, "mnist_corrupted/fog".
        data_dir: Folder of TensorFlow Datasets; by default TFDS_DATA_DIR, else ~/tensorflow_datasets.

    Raises:
        FileNotFoundError: For a data set that neither exists nor can be fetched.
        InputError: For a data set that is stored in several configurations without a default.
        MissingPackage: Without the extra `tfds`.
    """
    try:
        import tensorflow_datasets as tfds
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"Expected {error.name} for the data set {name!r}, got none: pip install 'nlgan-tf[tfds]'"
        ) from error

    root = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    builder = _stored(name, root) or _downloaded(name, root)
    splits = [
        tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, shuffle_files=False))
        for split in ("train", "test")
    ]
    train, test = ((split["image"], split["label"]) for split in splits)
    return tuple(builder.info.features["label"].names), train, test


def _stored(name: str, root: Path) -> tfds.core.DatasetBuilder | None:
    """The builder of the newest stored version, in the default configuration or the only one; None of no complete one.

    Raises:
        InputError: For several configurations without a default.
    """
    if not (root / name).is_dir():
        return None
    builder = _read(name, root)
    if builder or "/" in name:
        return builder
    folders = [path.name for path in sorted((root / name).iterdir()) if path.is_dir()]
    builders = {folder: builder for folder in folders if (builder := _read(name, root, config=folder))}
    if len(builders) > 1:
        raise InputError(f"Expected one configuration of {name} in {root}, got {', '.join(builders)}")
    return next(iter(builders.values()), None)


def _read(name: str, root: Path, **configuration: str) -> tfds.core.DatasetBuilder | None:
    # From the files: tfds.load would ask the network for a newer version, and stall without one.
    from tensorflow_datasets.core import read_only_builder, registered

    try:
        return read_only_builder.builder_from_files(name, data_dir=root, **configuration)
    except registered.DatasetNotFoundError:
        return None


def _downloaded(name: str, root: Path) -> tfds.core.DatasetBuilder:
    import tensorflow_datasets as tfds

    try:
        # Asked first, as a download without a network would hang rather than fail.
        socket.create_connection(("storage.googleapis.com", 443), timeout=5).close()
        builder = tfds.builder(name, data_dir=root)
        builder.download_and_prepare()
    except (OSError, tfds.download.DownloadError) as error:
        raise FileNotFoundError(
            f"Expected data set {name!r} in {root}, or a network to download it from; got neither: "
            "give the folder of TensorFlow Datasets by data_dir, --data-dir or TFDS_DATA_DIR"
        ) from error
    except ModuleNotFoundError as error:
        # TensorFlow Datasets 4.9.10 downloads by importlib_resources, which etils no longer brings.
        raise MissingPackage(
            f"Expected the package {error.name} to download {name!r} by TensorFlow Datasets, got none: "
            f"pip install {error.name}"
        ) from error
    return builder
