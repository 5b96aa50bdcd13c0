import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.stored_set import store_set
from nlgan_tf.data.sources import tfds
from nlgan_tf.errors import InputError


def rows_of(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def gray_levels(name, root) -> list[int]:
    return sorted(tfds.load_tfds(name, str(root))[1][0][:, 0, 0, 0].tolist())


@pytest.fixture
def no_network(monkeypatch):
    def unreachable(*_, **__):
        raise OSError("unreachable")

    monkeypatch.setattr(tfds.socket, "create_connection", unreachable)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with a name that globs, and in it "toy" in two versions and "confs" in two configurations."""
    root = tmp_path_factory.mktemp("data") / "we[i]rd dir"
    store_set(root, "toy", "3.0.2", first=1)
    store_set(root, "toy", "3.0.10", first=11)
    store_set(root, "confs", "1.0.0", "fog", first=21)
    store_set(root, "confs", "1.0.0", "rain", first=31)
    store_set(root, "confs", "1.2.0", "rain", first=41)
    return root


def test_its_absence_is_one_line_with_the_remedy(root):
    code = "import sys; sys.modules['tensorflow_datasets'] = None\nfrom nlgan_tf.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "run", "--task", "mnist:5-vs-7", "--data-dir", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    remedy = "Expected tensorflow_datasets for the data set 'mnist', got none: pip install 'nlgan-tf[tfds]'"
    assert remedy in " ".join(done.stderr.split())


def test_the_newest_version_is_the_one_with_the_highest_number(root, no_network):
    names, train, test = tfds.load_tfds("toy", str(root))
    assert names == ("a", "b")
    np.testing.assert_array_equal(np.sort(train[0][:, 0, 0, 0]), range(11, 17))
    np.testing.assert_array_equal(np.sort(test[0][:, 0, 0, 0]), range(111, 117))
    np.testing.assert_array_equal(train[1], (train[0][:, 0, 0, 0] - 11) % 2)


def test_a_download_that_was_cut_off_is_no_version(root, tmp_path, no_network):
    root = shutil.copytree(root, tmp_path / "copy")
    shutil.copytree(root / "toy" / "3.0.2", root / "toy" / "3.0.11.incompleteABCDEF")
    assert gray_levels("toy", root) == [*range(11, 17)]
    for version in ("3.0.2", "3.0.10"):
        shutil.rmtree(root / "toy" / version)
    with pytest.raises(FileNotFoundError, match=r"Expected data set 'toy' in .*, or a network"):
        tfds.load_tfds("toy", str(root))


def test_a_set_with_a_configuration_is_found(root, tmp_path, no_network):
    assert gray_levels("confs/fog", root) == [*range(21, 27)]
    assert gray_levels("confs/rain", root) == [*range(41, 47)]
    with pytest.raises(InputError, match=r"Expected one configuration of confs in .*, got fog, rain$"):
        tfds.load_tfds("confs", str(root))
    (tmp_path / "toy" / "sun").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="Expected data set 'toy/sun' in "):
        tfds.load_tfds("toy/sun", str(tmp_path))
    shutil.copytree(root / "confs" / "rain", tmp_path / "mnist" / "rain")
    (tmp_path / "mnist" / "not a, set-").mkdir()
    assert gray_levels("mnist", tmp_path) == [*range(41, 47)]


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Names of the sets that were downloaded, each into a configuration's folder below tmp_path."""
    import tensorflow_datasets

    names: list[str] = []

    def builder(name, data_dir):
        made = tensorflow_datasets.builder_from_directory(store_set(data_dir, name, "1.0.0", "rain", first=5))
        monkeypatch.setattr(made, "download_and_prepare", lambda: names.append(name))
        return made

    monkeypatch.setattr(tfds.socket, "create_connection", lambda *_, **__: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(tensorflow_datasets, "builder", builder)
    return names


def test_a_set_is_downloaded_once(tmp_path, downloads):
    assert gray_levels("toy", tmp_path) == [*range(5, 11)]
    assert gray_levels("toy", tmp_path) == [*range(5, 11)]
    assert downloads == ["toy"]


def test_what_a_download_lacks_is_one_clear_line(tmp_path, downloads, monkeypatch):
    import tensorflow_datasets

    def lacking(*_, **__):
        raise ModuleNotFoundError("No module named 'importlib_resources'", name="importlib_resources")

    monkeypatch.setattr(tensorflow_datasets, "builder", lacking)
    with pytest.raises(
        InputError, match=r"Expected the package importlib_resources .*: pip install importlib_resources"
    ):
        tfds.load_tfds("toy", str(tmp_path))


def test_a_missing_data_set_without_a_network_is_one_clear_line(tmp_path, no_network):
    with pytest.raises(FileNotFoundError, match=r"'mnist' in .*, or a network .*; got neither: give the folder"):
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
