import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

import nlgan_tf as nl
from helpers.photographs import class_folders, pixels

LABELS = ["dog", "cat", "cat", "dog", "dog", "cat"]
IMAGES = np.stack([pixels(index, 24, 24) for index in range(6)])


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Names:
    def __init__(self, names):
        self.names = names


class HuggingFaceSet:
    """What `datasets.Dataset` offers, as its documentation says: columns by name, rows by number."""

    def __init__(self, images, labels, names=None):
        self.columns_by_name = {"image": images, "label": labels}
        self.features = {"image": None, "label": Names(names) if names else None}
        self.column_names = ["image", "label"]

    def __len__(self):
        return len(self.columns_by_name["label"])

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.columns_by_name[key]
        image = self.columns_by_name["image"][key]
        if isinstance(image, Exception):
            raise image
        return {"image": image, "label": self.columns_by_name["label"][key]}


# `columns` with `iloc` is a frame's; a data set of Hugging Face has neither.
assert not hasattr(HuggingFaceSet([], []), "iloc")


def check(task):
    np.testing.assert_array_equal(task.images, IMAGES)
    assert task.labels is None
    assert task.noisy_labels.tolist() == [1, 0, 0, 1, 1, 0]
    assert task.class_names == ("cat", "dog")


def test_a_pair_of_arrays():
    check(nl.image_task((IMAGES, LABELS)))
    check(nl.image_task((IMAGES, np.array(LABELS, object))))
    assert nl.image_task((IMAGES, [True, False] * 3)).class_names == ("False", "True")
    assert nl.image_task((IMAGES, [-1, 1] * 3)).noisy_labels.tolist() == [0, 1] * 3


def test_floats_in_0_to_1_are_refused_and_never_trained_on():
    with pytest.raises(nl.InputError, match=r"Expected images in \[0, 255\], got a largest value of"):
        nl.image_task((IMAGES / 255, LABELS))
    with pytest.raises(nl.InputError, match=r"Expected images in \[0, 255\], got a largest value of"):
        nl.image_task(tf.data.Dataset.from_tensor_slices(((IMAGES / 255).astype(np.float32), LABELS)))


@pytest.mark.parametrize("batch", [None, 4])
@pytest.mark.parametrize("named", [False, True])
def test_a_tf_data_set(batch, named):
    parts = {"image": IMAGES, "label": LABELS} if named else (IMAGES, LABELS)
    dataset = tf.data.Dataset.from_tensor_slices(parts)
    check(nl.image_task(dataset.batch(batch) if batch else dataset))


def test_images_of_a_tf_data_set_may_have_any_size():
    shapes = [(20, 30), (40, 24), (24, 24), (24, 90)]
    images = [pixels(index, *shape) for index, shape in enumerate(shapes)]
    signature = (tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((), tf.int32))
    dataset = tf.data.Dataset.from_generator(lambda: zip(images, [3, 5, 3, 5], strict=True), output_signature=signature)
    task = nl.image_task(dataset)
    assert task.image_shape == (24, 24, 3)
    np.testing.assert_array_equal(task.images[2], images[2])
    assert (task.class_names, task.noisy_labels.tolist()) == (("3", "5"), [0, 1, 0, 1])
    assert nl.image_task(dataset, image_size=16, positive="3").noisy_labels.tolist() == [1, 0, 1, 0]


def test_a_data_set_of_hugging_face():
    pictures = list(map(Image.fromarray, IMAGES))
    check(nl.image_task(HuggingFaceSet(pictures, LABELS)))
    check(nl.image_task(HuggingFaceSet(pictures, [1, 0, 0, 1, 1, 0], ["cat", "dog"])))
    broken = [*pictures, OSError("image file is truncated")]
    with pytest.raises(nl.InputError, match=r"got 1 that cannot \(6: image file is truncated\)"):
        nl.image_task(HuggingFaceSet(broken, [*LABELS, "cat"]))
    check(nl.image_task(HuggingFaceSet(broken, [*LABELS, "cat"]), skip_unreadable=True))


def test_a_frame_of_paths_and_labels(tmp_path):
    class_folders(tmp_path, {"a": 3, "b": 3}, height=24, width=24)
    files = [f"{name}/{index}.png" for name in "ab" for index in range(3)]
    frame = pd.DataFrame({"path": files, "kind": ["x", "y"] * 3})
    task = nl.image_task(frame, file_column="path", label_column="kind", root=tmp_path)
    assert task.files == tuple(files)
    assert task.noisy_labels.tolist() == [0, 1] * 3
    np.testing.assert_array_equal(task.images[4], pixels(1001, 24, 24))
    with pytest.raises(nl.InputError, match="Expected the column file_name in a data frame, got path, kind"):
        nl.image_task(frame)
    with pytest.raises(nl.InputError, match=r"Expected each path once in a data frame, got a/0.png twice"):
        nl.image_task(pd.concat([frame, frame]), file_column="path", label_column="kind", root=tmp_path)
    with pytest.raises(nl.InputError, match=r"got 6 that cannot \(a/0.png: no such file or directory; "):
        nl.image_task(frame, file_column="path", label_column="kind", root=tmp_path / "a")


def test_a_name_is_a_task_s(tmp_path):
    root = class_folders(tmp_path / "photos", {"a": 3, "b": 3}, height=24, width=24)
    assert nl.image_task(f"folder:{root}", positive="a").class_names == ("b", "a")
    assert nl.image_task("digits:5-vs-7").class_names == ("7", "5")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (5, "Expected a task's name, .*; got int"),
        (IMAGES, "got ndarray"),
        (tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).repeat(), "Expected a finite tf.data.Dataset"),
        (tf.data.Dataset.from_tensor_slices(IMAGES), r"of \(image, label\), got elements of TensorSpec"),
        (HuggingFaceSet([], []), "got no image that can be read"),
        ((IMAGES, ["a"] * 6), "labels of two classes, got 1: a"),
    ],
)
def test_other_sources_are_refused(source, message):
    with pytest.raises(nl.InputError, match=message):
        nl.image_task(source)
