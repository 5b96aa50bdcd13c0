import shutil

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.photographs import class_folders, pixels, write


def test_a_folder_is_a_task_of_noisy_labels(tmp_path):
    class_folders(tmp_path, {"cat": 3, "dog": 2}, height=24, width=24)
    task = nl.load_task(f"folder:{tmp_path}")
    assert task.image_shape == (24, 24, 3)
    assert task.labels is task.test_images is task.test_labels is None
    assert task.noisy_labels.tolist() == [0, 0, 0, 1, 1]
    assert task.files == ("cat/0.png", "cat/1.png", "cat/2.png", "dog/0.png", "dog/1.png")
    np.testing.assert_array_equal(task.images[3], pixels(1000, 24, 24))
    assert task.remarks == (
        "Images are read as 24x24 in colour, from the median of the shorter sides, within 16 to 40; --image-size sets "
        "another, and half the side takes about a quarter of the time",
        "Positive: dog, the later in sorted order; negative: cat; --positive names another",
    )
    assert nl.load_task(f"folder:{tmp_path}", size=4).files == ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")


def test_the_test_part_has_true_labels_and_the_same_size(tmp_path):
    class_folders(tmp_path / "train", {"cat": 3, "dog": 2}, height=24, width=24)
    for index in range(2):
        write(tmp_path / "test" / "dog" / f"{index}.png", 50 + index, height=90, width=90)
    write(tmp_path / "test" / "cat" / "0.png", 60)
    task = nl.load_task(f"folder:{tmp_path}", positive="cat", image_size=16)
    assert task.noisy_labels.tolist() == [1, 1, 1, 0, 0]
    assert task.test_labels.tolist() == [1, 0, 0]
    assert task.test_images.shape == (3, 16, 16, 3)
    assert "Images are read as 16x16 in colour, as asked for" in task.remarks


def test_more_than_two_classes_are_set_against_each_other(tmp_path):
    class_folders(tmp_path, {"cat": 2, "cow": 2, "dog": 3})
    task = nl.load_task(f"folder:{tmp_path}", positive="cat,dog")
    assert (task.class_names, task.noisy_labels.tolist()) == (("cow", "cat,dog"), [1, 1, 0, 0, 1, 1, 1])
    assert nl.load_task(f"folder:{tmp_path}", positive=["cow"]).noisy_labels.tolist() == [0, 0, 1, 1, 0, 0, 0]


def test_equal_images_are_reported_and_contradictions_by_name(tmp_path):
    class_folders(tmp_path, {"cat": 3, "dog": 3})
    shutil.copy(tmp_path / "cat" / "0.png", tmp_path / "cat" / "copy.png")
    shutil.copy(tmp_path / "cat" / "1.png", tmp_path / "dog" / "copy.png")
    remarks = nl.load_task(f"folder:{tmp_path}").remarks
    assert remarks[-2:] == (
        "Images that repeat another one: 2 (cat/0.png = cat/copy.png; cat/1.png = dog/copy.png)",
        "Equal images with labels that contradict each other: cat/1.png (cat), dog/copy.png (dog)",
    )


def test_only_five_groups_of_equal_images_are_named(tmp_path):
    class_folders(tmp_path, {"cat": 8, "dog": 3})
    for index in range(7):
        shutil.copy(tmp_path / "cat" / f"{index}.png", tmp_path / "cat" / f"{index}-copy.png")
    line = nl.load_task(f"folder:{tmp_path}").remarks[-1]
    assert line.startswith("Images that repeat another one: 7 (cat/0-copy.png = cat/0.png; ")
    assert line.endswith("cat/4-copy.png = cat/4.png and 2 more groups)")


def test_what_is_ignored_is_counted(tmp_path):
    class_folders(tmp_path, {"cat": 2, "dog": 2})
    (tmp_path / "cat" / "notes.txt").write_text("x")
    assert nl.load_task(f"folder:{tmp_path}").remarks[-1] == ("Ignored files, which are no images or have no label: 1")


def test_labels_of_any_kind_in_a_file_of_arrays(tmp_path, images):
    labels = np.array(["5", "6", "7", "5"] * 10)
    np.savez(tmp_path / "own.npz", images=images, noisy_labels=labels)
    task = nl.load_task(f"npz:{tmp_path / 'own.npz'}", positive="5,6")
    assert (task.class_names, task.noisy_labels.tolist()) == (("7", "5,6"), [1, 1, 0, 1] * 10)
    with pytest.raises(nl.InputError, match="Expected --positive among 5, 6, 7, got 8"):
        nl.load_task(f"npz:{tmp_path / 'own.npz'}", positive="8")
