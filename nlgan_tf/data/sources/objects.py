"""Tasks out of other libraries' objects, known by what they offer: none of these libraries is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlgan_tf.data.checks import check_images, check_training_images
from nlgan_tf.data.sources import load_task
from nlgan_tf.data.sources.classes import TaskFields
from nlgan_tf.data.sources.folder.labels import choose_classes
from nlgan_tf.data.sources.folder.load import duplicates, refuse_unreadable
from nlgan_tf.data.sources.folder.picture import Unreadable, to_pixels
from nlgan_tf.data.sources.folder.reading import default_side, fitter, read_images, without_colour
from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError

ACCEPTED = (
    "a task's name, (images, labels), a data frame of paths and labels, a tf.data.Dataset of (image, label), or a "
    "datasets.Dataset of Hugging Face"
)
# An image as Pillow's or as an array, or why there is none; and its label.
Example = tuple[Any, Any]


def image_task(
    source: Any,
    *,
    image_size: int | None = None,
    positive: str | Sequence[Any] | None = None,
    skip_unreadable: bool = False,
    file_column: str = "file_name",
    label_column: str = "label",
    image_column: str = "image",
    root: str | Path = ".",
) -> ImageTask:
    """Returns a task whose labels may be wrong, out of what holds images and labels elsewhere.

    Labels may be text, bools or whole numbers; `choose_classes` has the rules. Photographs are resized as those of a
    folder are (`Reading`); arrays of one shape, in a pair, stay as they are.

    Args:
        source: The name of a task, as `load_task` takes it; a pair of images and labels; a data frame with a column of
            paths and one of labels; a finite tf.data set of (image, label), one by one or in batches; a data set of
            Hugging Face.
        image_size: Side of the square images, a multiple of 4; None for the median of the shorter sides, in 16 to 40.
        positive: Names of the positive classes, against all others; None for two classes.
        skip_unreadable: Whether images that cannot be read are left out.
        file_column, label_column, image_column: Columns of a frame or data set.
        root: Folder that the paths of a frame are relative to.

    Raises:
        InputError: For another kind of source, or images or labels that are not accepted.
    """
    reading = Reading(image_size, positive, skip_unreadable, file_column, label_column)
    if isinstance(source, str):
        return load_task(source, **vars(reading))
    if isinstance(source, tuple) and len(source) == 2:
        images, labels = check_training_images(source[0]), np.ravel(source[1]).tolist()
        return ImageTask(**_fields(images, labels, tuple(map(str, range(len(images)))), reading))
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return _of_frame(source, Path(root).expanduser(), reading)
    if hasattr(source, "element_spec") and hasattr(source, "as_numpy_iterator"):
        return _of_examples(lambda: _of_tf_data(source, image_column, label_column), reading)
    if hasattr(source, "column_names") and hasattr(source, "features") and hasattr(source, "__len__"):
        return _of_examples(lambda: _of_rows(source, image_column, label_column), reading)
    raise InputError(f"Expected {ACCEPTED}; got {type(source).__name__}")


def _of_frame(frame: Any, root: Path, reading: Reading) -> ImageTask:
    for column in (reading.file_column, reading.label_column):
        if column not in list(frame.columns):
            raise InputError(f"Expected the column {column} in a data frame, got {', '.join(map(str, frame.columns))}")
    names, labels = list(frame[reading.file_column]), list(frame[reading.label_column])
    if wrong := [name for name in names if not isinstance(name, str | Path)]:
        raise InputError(f"Expected paths in the column {reading.file_column}, got {wrong[0]!r}")
    files = [str(name) for name in names]
    if len(set(files)) < len(files):
        twice = next(file for place, file in enumerate(files) if file in files[:place])
        raise InputError(f"Expected each path once in a data frame, got {twice} twice")
    read = read_images([root / file for file in files], reading.image_size, {})
    refuse_unreadable({files[i]: cause for i, cause in read.causes.items()}, len(files), reading.skip_unreadable)
    kept_files, kept_labels = tuple(files[i] for i in read.kept), [labels[i] for i in read.kept]
    return ImageTask(**_fields(read.images, kept_labels, kept_files, reading), files=kept_files)


def _of_examples(examples: Callable[[], Iterator[Example]], reading: Reading) -> ImageTask:
    """Of what can be read again and again: once for the sizes, once for the pixels, so that memory stays small."""
    sides = [min(image.size) for image, _ in examples() if not isinstance(image, Unreadable)]
    if not sides:
        raise InputError("Expected images and labels, got no image that can be read")
    fit = fitter(reading.image_size or default_side(sides))
    images, labels, names, causes = [], [], [], {}
    for index, (image, label) in enumerate(examples()):
        if isinstance(image, Unreadable):
            causes[str(index)] = str(image)
            continue
        images.append(fit(to_pixels(image)))
        labels.append(label)
        names.append(str(index))
    refuse_unreadable(causes, len(images) + len(causes), reading.skip_unreadable)
    return ImageTask(**_fields(without_colour(np.stack(images)), labels, names, reading))


def _of_tf_data(dataset: Any, image_column: str, label_column: str) -> Iterator[Example]:
    if int(dataset.cardinality()) == -1:
        raise InputError("Expected a finite tf.data.Dataset, got an endless one")
    spec = dataset.element_spec
    named = isinstance(spec, dict) and {image_column, label_column} <= set(spec)
    if not named and not (isinstance(spec, tuple) and len(spec) == 2):
        raise InputError(f"Expected a tf.data.Dataset of (image, label), got elements of {spec}")
    batched = (spec[image_column] if named else spec[0]).shape.rank == 4
    for element in dataset.as_numpy_iterator():
        image, label = (element[image_column], element[label_column]) if named else element
        for one, its_label in zip(image, np.ravel(label), strict=True) if batched else [(image, label)]:
            given = its_label.item() if isinstance(its_label, np.generic) else its_label
            yield _picture(one), given.decode() if isinstance(given, bytes) else given


def _of_rows(dataset: Any, image_column: str, label_column: str) -> Iterator[Example]:
    if missing := [name for name in (image_column, label_column) if name not in dataset.column_names]:
        raise InputError(f"Expected the column {missing[0]} in a data set, got {', '.join(dataset.column_names)}")
    names = getattr(dataset.features[label_column], "names", None)
    labels = dataset[label_column]
    for index, label in enumerate(labels):
        try:
            image = _picture(dataset[index][image_column])
        except InputError:
            raise
        except Exception as error:  # Whatever the library's decoder raises.
            image = Unreadable(str(error).splitlines()[0] if str(error) else type(error).__name__)
        yield image, names[label] if names and label is not None else label


def _picture(image: Any) -> Any:
    """An image of Pillow, of an image of Pillow or of an array with values in [0, 255]."""
    from PIL import Image

    if isinstance(image, Image.Image):
        return image
    array = np.rint(check_images(np.asarray(image)[np.newaxis])[0]).astype(np.uint8)
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def _fields(images: np.ndarray, labels: list, names: Sequence[str], reading: Reading) -> TaskFields:
    classes = choose_classes(labels, reading.positive)
    noisy_labels = classes.apply(labels)
    remarks = [classes.remark] if classes.remark else []
    remarks += duplicates(images, names, noisy_labels, classes.names)
    return {"images": images, "noisy_labels": noisy_labels, "class_names": classes.names, "remarks": tuple(remarks)}
