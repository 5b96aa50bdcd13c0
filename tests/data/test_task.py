import numpy as np
import pytest

from nlgan_tf.data.task import ImageTask
from nlgan_tf.errors import InputError


def task_of(n: int = 12, **changes) -> ImageTask:
    images = np.zeros((n, 4, 4, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 1, 1, 0] = np.arange(n), 255
    subclasses = np.arange(n) % 4
    fields = {"images": images, "labels": (subclasses < 2).astype(int), "subclass_labels": subclasses}
    return ImageTask(**{**fields, **changes})


def test_reduction_keeps_the_first_images_of_each_subclass_in_order():
    task = task_of(12).reduced(8)
    assert task.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    uneven = task_of(12, subclass_labels=np.array([5] * 6 + [6] * 6), labels=np.repeat([1, 0], 6)).reduced(4)
    assert uneven.images[:, 0, 0, 0].tolist() == [0, 1, 6, 7]
    assert uneven.labels.tolist() == [1, 1, 0, 0]


def test_reduction_takes_noisy_labels_along():
    noisy = np.tile([0, 1], 6)
    assert task_of(12).with_noisy_labels(noisy).reduced(4).noisy_labels.tolist() == [0, 1, 0, 1]


def test_files_follow_their_images():
    task = task_of(12, files=[f"{index}.png" for index in range(12)])
    assert task.reduced(4).files == ("0.png", "1.png", "2.png", "3.png")
    uneven = task_of(files=np.array(list("abcdefghijkl")), subclass_labels=np.repeat([5, 6], 6)).reduced(4)
    assert uneven.files == ("a", "b", "g", "h")
    assert task.with_noisy_labels(np.tile([0, 1], 6)).files == task.files
    assert task_of(12).reduced(4).files is None


@pytest.mark.parametrize("files", ["abc", ["a"] * 11, [1] * 12, [None] * 12, np.full((12, 1), "a")])
def test_files_are_one_path_per_image(files):
    with pytest.raises(InputError, match="Expected files as 12 paths, one per image, got shape"):
        task_of(12, files=files)


def test_classes_stand_in_for_unknown_subclasses():
    task = task_of(12, subclass_labels=None).reduced(4)
    assert task.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_no_size_keeps_all():
    task = task_of()
    assert task.reduced(None) is task


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (6, "Expected size to be a multiple of 4, the number of subclasses, got 6"),
        (0, "Expected size to be a multiple of 4, the number of subclasses, got 0"),
        (16, "Expected size to be at most 12, as a subclass has 3 images, got 16"),
        (4.0, "Expected size to be an integer, got 4.0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(size, message):
    with pytest.raises(ValueError, match=message):
        task_of().reduced(size)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "Expected labels or noisy_labels in a task, got neither"),
        ({"labels": np.zeros(11)}, r"Expected labels of shape \(12,\), one label per image, got shape \(11,\)"),
        ({"noisy_labels": np.tile([1, 2], 6)}, "got 2: map noisy_labels by noisy_labels - 1"),
        ({"subclass_labels": np.zeros(11)}, r"Expected subclass_labels of shape \(12,\), got \(11,\)"),
        (
            {"subclass_labels": np.ma.masked_array(np.arange(12), np.arange(12) < 2)},
            "Expected subclass_labels without missing values, got 2 masked ones",
        ),
        ({"subclass_labels": np.full(12, 0.5)}, "Expected subclass_labels to be integers, got dtype float64"),
        ({"subclass_labels": ["a", "b"] * 6}, "Expected subclass_labels to be integers, got dtype <U1"),
        (
            {"test_images": np.zeros((3, 4, 4, 1), np.uint8)},
            "Expected both test_images and test_labels or neither in a task, got test_images alone",
        ),
        ({"test_labels": np.array([0, 1])}, "or neither in a task, got test_labels alone"),
        (
            {"test_images": np.zeros((3, 5, 4, 1), np.uint8), "test_labels": np.array([0, 1, 1])},
            r"Expected test_images of shape \(n, 4, 4, 1\), got shape \(3, 5, 4, 1\)",
        ),
        ({"class_names": ("a", "a")}, r"to be two different names, \(negative, positive\), got \('a', 'a'\)"),
        ({"class_names": ("é", "e\u0301 ")}, "which look the same"),
        ({"class_names": {"a": 0, "b": 1}}, "Expected class_names to be two different names"),
        ({"class_names": ("a", "b", "c")}, "Expected class_names to be two different names"),
        ({"class_names": "ab"}, "Expected class_names to be two different names"),
        ({"class_names": (0, 1)}, "without control characters, got 0"),
        ({"class_names": ("a", "b\nc")}, r"without control characters, got 'b\\nc'"),
        ({"class_names": ("\x1b[31mred", "b")}, r"without control characters, got '\\x1b\[31mred'"),
        ({"class_names": ("a", "\ud800")}, "without control characters"),
        ({"class_names": ("a", " ")}, "without control characters, got ' '"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        task_of(**changes)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 8, 2), r"Expected images of 1 or 3 channels, got 2: images\[..., :1\] keeps gray without alpha"),
        ((8, 8, 4), r"Expected images of 1 or 3 channels, got 4: images\[..., :3\] keeps colours without alpha"),
        ((3, 8, 8), r"Expected images of 1 or 3 channels, got 8: np.moveaxis\(images, 1, -1\) puts channels last"),
        ((8, 8, 0), "Expected images of 1 or 3 channels, got 0$"),
        (
            (30, 9, 3),
            r"Expected images with sides divisible by 4, got 30x9: "
            r"np.pad\(images, \[\(0, 0\), \(0, 2\), \(0, 3\), \(0, 0\)\]\) or images\[:, :28, :8\]$",
        ),
        ((2, 8, 1), "Expected images with sides divisible by 4, got 2x8$"),
        ((0, 8, 1), "Expected images with sides divisible by 4, got 0x8$"),
    ],
)
def test_shapes_that_no_network_takes_are_refused_where_they_enter(shape, message):
    with pytest.raises(InputError, match=message):
        task_of(images=np.zeros((12, *shape), np.uint8))


def test_the_remedies_of_shapes_are_code_that_is_accepted():
    images = np.zeros((12, 30, 9, 3), np.uint8)
    assert task_of(images=np.pad(images, [(0, 0), (0, 2), (0, 3), (0, 0)])).image_shape == (32, 12, 3)
    assert task_of(images=images[:, :28, :8]).image_shape == (28, 8, 3)


def test_all_arrays_are_converted():
    wanted = task_of(noisy_labels=np.tile([0, 1], 6))
    task = task_of(
        images=np.asfortranarray(wanted.images[..., 0], ">i4"),
        labels=(wanted.labels == 1).tolist(),
        noisy_labels=wanted.noisy_labels[:, np.newaxis].astype(float),
        subclass_labels=wanted.subclass_labels.tolist(),
        class_names=["a $_^{}", "Größe 🐈"],
    )
    for name in ("images", "labels", "noisy_labels", "subclass_labels"):
        got = getattr(task, name)
        assert got.dtype == getattr(wanted, name).dtype
        np.testing.assert_array_equal(got, getattr(wanted, name))
    assert task.class_names == ("a $_^{}", "Größe 🐈")


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8)])
@pytest.mark.parametrize(("trained", "tested"), [("uint8", "float32"), ("float64", "uint8"), ("int64", "float16")])
def test_test_images_among_the_training_images_are_found_by_value(images, labels, shape, trained, tested):
    task = {"images": images.astype(trained), "labels": labels}
    leaked = np.concatenate([images[[3, 17, 30]], 255 - images[:7]]).reshape(-1, *shape).astype(tested)
    with pytest.raises(InputError, match="Expected no test image among the training images, got 3"):
        ImageTask(**task, test_images=leaked, test_labels=labels[:10])
    assert len(ImageTask(**task, test_images=leaked[3:], test_labels=labels[:7]).test_images) == 7


def test_images_in_0_to_1_are_refused(images, labels):
    message = "got a largest value of 1: multiply the (test_)?images by 255$"
    for small in (images / 255, (images > 9).astype(np.uint8)):
        with pytest.raises(InputError, match=message):
            ImageTask(images=small, labels=labels)
        with pytest.raises(InputError, match=message):
            ImageTask(images=images, labels=labels, test_images=small, test_labels=labels)
