import os
import subprocess
import sys

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.data.sources import tfds


def rows_of(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def test_the_bundled_digits():
    task = nl.load_task("digits:5,7-vs-2,4")
    assert task.image_shape == (16, 16, 1)
    assert task.images.dtype == np.uint8
    assert (len(task.images), len(task.test_images)) == (503, 216)
    assert task.images.max() == 255
    np.testing.assert_array_equal(task.labels, np.isin(task.subclass_labels, [5, 7]))
    assert task.class_names == ("2,4", "5,7")
    assert not rows_of(task.images) & rows_of(task.test_images)


def test_digits_are_doubled_not_redrawn():
    from sklearn.datasets import load_digits

    digits = load_digits()
    first = np.flatnonzero(digits.target == 3)[0]
    image = nl.load_task("digits:3-vs-8").images[0, ..., 0]
    small = image.reshape(8, 2, 8, 2).mean(axis=(1, 3)) * 16 / 255
    assert np.corrcoef(small.ravel(), digits.images[first].ravel())[0, 1] > 0.97


def test_size_keeps_the_first_of_each_digit():
    task, whole = nl.load_task("digits:5,7-vs-2,4", size=40), nl.load_task("digits:5,7-vs-2,4")
    assert np.unique(task.subclass_labels, return_counts=True)[1].tolist() == [10] * 4
    np.testing.assert_array_equal(task.images[task.labels == 1][:3], whole.images[whole.labels == 1][:3])
    assert len(task.test_images) == len(whole.test_images)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("digits", "cannot read ''"),
        ("digits:5,7", "cannot read '5,7'"),
        ("digits:5-vs-5", "none twice"),
        ("digits:5-vs-11", "unknown class '11': accepted is A-vs-B"),
        ("digits:5-vs-", "unknown class ''"),
        ("digits:1-vs-2-vs-3", "cannot read"),
        ("svhn:5-vs-7", "task 'svhn:5-vs-7' is unknown: accepted are digits:A-vs-B"),
        ("", "task '' is unknown"),
    ],
)
def test_bad_specs_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        nl.load_task(spec)


class TestNpz:
    def write(self, path, **fields):
        np.savez(path, **fields)
        return f"npz:{path}"

    def test_all_fields_come_back(self, tmp_path, images, labels):
        fields = {
            "images": images,
            "labels": labels,
            "noisy_labels": 1 - labels,
            "test_images": 255 - images[:4],
            "test_labels": labels[:4],
            "subclass_labels": np.arange(40) % 4,
            "class_names": np.array(["ham", "spam"]),
        }
        task = nl.load_task(self.write(tmp_path / "task.npz", **fields))
        for name, value in fields.items():
            np.testing.assert_array_equal(getattr(task, name), value)
        assert task.class_names == ("ham", "spam")

    def test_noisy_labels_alone_are_enough(self, tmp_path, images, labels):
        task = nl.load_task(self.write(tmp_path / "task.npz", images=images, noisy_labels=labels), size=10)
        assert task.labels is None
        assert task.noisy_labels.sum() == 5

    def test_what_is_no_task_is_refused(self, tmp_path, images, labels):
        with pytest.raises(ValueError, match="has no key 'images'"):
            nl.load_task(self.write(tmp_path / "a.npz", labels=labels))
        with pytest.raises(ValueError, match="unknown key 'lables'"):
            nl.load_task(self.write(tmp_path / "b.npz", images=images, lables=labels))
        (tmp_path / "c.npz").write_bytes(b"PK no archive")
        with pytest.raises(ValueError, match=r"no \.npz archive"):
            nl.load_task(f"npz:{tmp_path / 'c.npz'}")
        with pytest.raises(ValueError, match=r"no \.npz archive of plain arrays"):
            nl.load_task(self.write(tmp_path / "d.npz", images=np.array([{"pickled": 1}], dtype=object)))
        np.save(tmp_path / "e.npz.npy", images)
        with pytest.raises(ValueError, match=r"no \.npz archive"):
            nl.load_task(f"npz:{tmp_path / 'e.npz.npy'}")
        with pytest.raises(ValueError, match="accepted are two names"):
            nl.load_task(self.write(tmp_path / "f.npz", images=images, labels=labels, class_names=np.array("one")))
        shared = {"images": images, "labels": labels, "test_images": images[:4], "test_labels": labels[:4]}
        with pytest.raises(ValueError, match="has 4 test images among its training images"):
            nl.load_task(self.write(tmp_path / "g.npz", **shared))
        with pytest.raises(FileNotFoundError, match="is not there"):
            nl.load_task(f"npz:{tmp_path / 'none.npz'}")


def test_a_missing_data_set_without_a_network_is_one_clear_line(tmp_path, monkeypatch):
    def no_network(*_, **__):
        raise OSError("unreachable")

    monkeypatch.setattr(tfds.socket, "create_connection", no_network)
    with pytest.raises(FileNotFoundError, match=r"'mnist' is not in .*without a network: give the folder"):
        nl.load_task("mnist:5-vs-7", data_dir=str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.real_data
def test_mnist_as_tfds_stores_it(tfds_dir):
    task = nl.load_task("mnist:5,7-vs-2,4", size=1000, data_dir=tfds_dir)
    assert task.images.shape == (1000, 28, 28, 1)
    assert np.unique(task.subclass_labels, return_counts=True)[1].tolist() == [250] * 4
    assert len(task.test_images) == 3934
    assert not rows_of(task.images) & rows_of(task.test_images)


@pytest.mark.real_data
def test_cifar10_as_tfds_stores_it(tfds_dir):
    task = nl.load_task("cifar10:automobile-vs-airplane", size=100, data_dir=tfds_dir)
    assert task.images.shape == (100, 32, 32, 3)
    assert len(task.test_images) == 2000
    assert task.class_names == ("airplane", "automobile")
    assert not rows_of(task.images) & rows_of(task.test_images)


@pytest.mark.real_data
def test_the_data_folder_may_come_from_the_environment(tfds_dir):
    code = "import nlgan_tf as nl; print(len(nl.load_task('mnist:5-vs-7', size=10).images))"
    environment = {**os.environ, "TFDS_DATA_DIR": tfds_dir}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "10"
