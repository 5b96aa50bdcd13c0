import json

import numpy as np

import nlgan_tf as nl
from nlgan_tf.files import sha256
from nlgan_tf.pipeline.clean_dataset import write_clean_dataset


def test_the_clean_data_set_and_its_manifest(tmp_path, images, labels):
    write_clean_dataset(tmp_path, images, labels, ("2,4", "5,7"), {"seed": 3})
    manifest = json.loads((tmp_path / "clean_dataset.json").read_text())
    assert manifest == {
        "file": "clean_dataset.npz",
        "sha256": sha256(tmp_path / "clean_dataset.npz"),
        "image_shape": [8, 8, 1],
        "counts": {"2,4": 20, "5,7": 20},
        "seed": 3,
    }
    task = nl.load_task(f"npz:{tmp_path / 'clean_dataset.npz'}")
    np.testing.assert_array_equal(task.images, images)
    np.testing.assert_array_equal(task.labels, labels)
    assert task.class_names == ("2,4", "5,7")
