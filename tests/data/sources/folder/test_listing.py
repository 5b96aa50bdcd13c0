import pytest

from helpers.photographs import class_folders, write
from nlgan_tf.data.sources.folder.listing import list_folder
from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.errors import InputError

READING = Reading()


def test_class_folders_are_listed_in_the_order_of_their_paths(tmp_path):
    class_folders(tmp_path, {"dog": 2, "cat": 1})
    write(tmp_path / "cat" / "more photos" / "ÄÖ.JPG", 5)
    train, test = list_folder(str(tmp_path), READING)
    assert test is None
    assert train.files == ["cat/0.png", "cat/more photos/ÄÖ.JPG", "dog/0.png", "dog/1.png"]
    assert train.labels == ["cat", "cat", "dog", "dog"]
    assert (train.causes, train.ignored) == ({}, 0)


def test_what_systems_leave_is_passed_over_and_what_is_no_image_is_counted(tmp_path):
    class_folders(tmp_path, {"dog": 1, "cat": 1, ".git": 1})
    for name in (".DS_Store", "Thumbs.db", "._0.png", "notes.txt", "scores.csv"):
        (tmp_path / "dog" / name).write_text("x")
    (tmp_path / "README.md").write_text("x")
    train, _ = list_folder(str(tmp_path), READING)
    assert train.files == ["cat/0.png", "dog/0.png"]
    assert train.ignored == 2


def test_parts_have_their_own_folders_and_layouts(tmp_path):
    class_folders(tmp_path / "train", {"dog": 1, "cat": 1})
    write(tmp_path / "test" / "x.png", 7)
    (tmp_path / "test" / "metadata.csv").write_text("file_name,label\nx.png,cat\n")
    train, test = list_folder(str(tmp_path), READING)
    assert train.files == ["train/cat/0.png", "train/dog/0.png"]
    assert (test.files, test.labels) == (["test/x.png"], ["cat"])


def test_one_label_file_may_name_both_parts(tmp_path):
    class_folders(tmp_path, {"train": 2, "test": 2})
    (tmp_path / "labels.csv").write_text("file_name,label\ntrain/1.png,a\ntest/0.png,b\ntrain/0.png,b\n")
    train, test = list_folder(str(tmp_path), READING)
    assert (train.files, train.labels) == (["train/1.png", "train/0.png"], ["a", "b"])
    assert (test.files, test.labels) == (["test/0.png"], ["b"])
    assert train.ignored == 1


def test_a_folder_named_test_beside_other_classes_is_a_class(tmp_path):
    class_folders(tmp_path, {"test": 1, "cat": 1})
    train, test = list_folder(str(tmp_path), READING)
    assert (train.labels, test) == (["cat", "test"], None)


def test_links_within_the_folder_are_read_and_links_out_have_a_cause(tmp_path):
    class_folders(tmp_path / "in", {"dog": 1, "cat": 1})
    (tmp_path / "in" / "cat" / "again.png").symlink_to(tmp_path / "in" / "dog" / "0.png")
    write(tmp_path / "out.png", 5)
    (tmp_path / "in" / "dog" / "out.png").symlink_to(tmp_path / "out.png")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    for root in ("in", "link"):
        train, _ = list_folder(str(tmp_path / root), READING)
        assert train.files == ["cat/0.png", "cat/again.png", "dog/0.png", "dog/out.png"]
        assert train.causes == {"dog/out.png": "a link that leads out of the folder"}


def test_a_missing_folder_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"got .*none, which does not exist"):
        list_folder(str(tmp_path / "none"), READING)


def test_nothing_outside_of_the_folder_is_opened_by_a_row(tmp_path):
    write(tmp_path / "out.png", 5)
    root = tmp_path / "in"
    write(root / "a.png", 6)
    (root / "labels.csv").write_text(f"file_name,label\na.png,x\n../out.png,y\n{tmp_path / 'out.png'},x\n")
    train, _ = list_folder(str(root), READING)
    assert list(train.causes.values()) == ["a path out of the folder, line 3", "a path out of the folder, line 4"]
    assert len(train.files) == 3


def test_sizes_that_no_network_takes_are_refused():
    for size, message in ((30, "a multiple of 4, got 30"), (0, "at least 4, got 0"), (4.0, "an integer, got 4.0")):
        with pytest.raises(InputError, match=f"Expected image_size to be {message}"):
            Reading(size)
