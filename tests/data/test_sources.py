import os
import subprocess
import sys

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.data import sources
from nlgan_tf.errors import InputError


def test_a_source_is_one_entry_of_the_registry(monkeypatch, images, labels):
    def load_toy(data_dir):
        assert data_dir == "here"
        return ("ham", "spam", "eggs"), (images, np.arange(40) % 3), (255 - images[:9], np.arange(9) % 3)

    monkeypatch.setitem(sources.CLASS_SOURCES, "toy", load_toy)
    task = nl.load_task("toy:eggs-vs-ham", size=10, data_dir="here")
    assert task.class_names == ("ham", "eggs")
    assert task.subclass_labels.tolist() == [0, 2] * 5
    assert task.labels.tolist() == [0, 1] * 5
    np.testing.assert_array_equal(task.images, images[[0, 2, 3, 5, 6, 8, 9, 11, 12, 14]])
    assert len(task.test_images) == 6

    monkeypatch.setitem(sources.TASK_SOURCES, "whole", lambda path: {"images": images, "labels": labels})
    np.testing.assert_array_equal(nl.load_task("whole:anywhere").labels, labels)


def test_each_source_is_named_among_the_accepted_ones():
    assert sources.ACCEPTED == (
        "digits:A-vs-B, mnist:A-vs-B, cifar10:A-vs-B, npz:PATH, folder:PATH (A and B: comma-separated classes)"
    )
    known = [*sources.CLASS_SOURCES, *sources.TASK_SOURCES, *sources.PHOTOGRAPH_SOURCES]
    assert known == ["digits", "mnist", "cifar10", "npz", "folder"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("digits", "Expected classes A-vs-B after digits:, positives first, as in 5,7-vs-2,4; got no classes"),
        ("digits:", "Expected classes A-vs-B after digits:, positives first, as in 5,7-vs-2,4; got no classes"),
        ("digits:5,7", "Expected classes A-vs-B after digits:, positives first, as in 5,7-vs-2,4; got '5,7'"),
        ("digits:5-vs-", "Expected classes A-vs-B after digits:, positives first, as in 5,7-vs-2,4; got '5-vs-'"),
        ("digits:1-vs-2-vs-3", "after digits:, positives first, as in 5,7-vs-2,4; got '1-vs-2-vs-3'"),
        ("mnist:5-vs-5", "Expected no class twice in A-vs-B after mnist:; got '5-vs-5'"),
        ("svhn:5-vs-7", "Expected task to be one of digits:A-vs-B, mnist:A-vs-B, .*; got 'svhn:5-vs-7'"),
        ("", "Expected task to be one of digits:A-vs-B, .*; got ''"),
        ("npz", "Expected a path after npz: in task, as npz:PATH; got 'npz'"),
        ("npz:", "Expected a path after npz: in task, as npz:PATH; got 'npz:'"),
        ("folder:", "Expected a path after folder: in task, as folder:PATH; got 'folder:'"),
        ("photos", "Expected task to be one of .*; got 'photos': folder:photos reads the folder"),
        (5, "Expected task to be a name such as digits:5,7-vs-2,4; got 5"),
    ],
)
def test_tasks_that_name_no_source_and_classes_are_refused(spec, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for refuse in (sources.check_source, nl.load_task):
        with pytest.raises(InputError, match=message):
            refuse(spec)


def test_a_mistyped_task_is_refused_before_tensorflow_is_imported():
    code = """
import sys
from nlgan_tf.data.sources import check_source
assert check_source("digits:5-vs-7") == ("digits", "5-vs-7")
try:
    check_source("digts:5-vs-7")
except ValueError:
    heavy = {"tensorflow", "keras", "tensorflow_datasets", "sklearn", "scipy"}
    print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_images_in_0_to_1_are_refused_and_scaled_on_demand(tmp_path, images, labels):
    for name, ones in {"float64": images / 255, "float32": (images / 255).astype(np.float32)}.items():
        np.savez(tmp_path / name, images=ones, labels=labels, test_images=1 - ones[:6], test_labels=labels[:6])
        with pytest.raises(InputError, match="got a largest value of 1: multiply the images by 255, or give scale=255"):
            nl.load_task(f"npz:{tmp_path / name}.npz")
        task = nl.load_task(f"npz:{tmp_path / name}.npz", scale=255)
        assert task.images.dtype == task.test_images.dtype == np.uint8
        np.testing.assert_array_equal(task.images, images)
        np.testing.assert_array_equal(task.test_images, 255 - images[:6])


def test_a_scale_that_leaves_0_to_255_is_refused():
    with pytest.raises(InputError, match=r"Expected images times scale=255 in \[0, 255\], got values from 0 to 65025"):
        nl.load_task("digits:5-vs-7", scale=255)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (3, "Expected size to be a multiple of 2, the number of subclasses, got 3"),
        (0, "Expected size to be at least 1, got 0"),
        (4.0, "Expected size to be an integer, got 4.0"),
        (True, "Expected size to be an integer, got True"),
    ],
)
def test_sizes_that_are_no_sizes_are_refused(size, message):
    with pytest.raises(InputError, match=message):
        nl.load_task("digits:5-vs-7", size=size)


@pytest.mark.real_data
def test_the_data_folder_may_come_from_the_environment(tfds_dir):
    code = "import nlgan_tf as nl; print(len(nl.load_task('mnist:5-vs-7', size=10).images))"
    environment = {**os.environ, "TFDS_DATA_DIR": tfds_dir}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "10"
