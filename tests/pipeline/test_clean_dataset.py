import dataclasses
import json

import numpy as np

import nlgan_tf as nl
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.files import sha256
from nlgan_tf.gan.drawing import DrawnSet
from nlgan_tf.pipeline.clean_dataset import describe_drawing, describe_passed, drawing_facts, write_clean_dataset


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


def test_what_was_filtered_is_told_by_class(images, labels):
    config = StageTwoConfig(num_images=40, min_confidence=0.8, temperature=0.5)
    facts = drawing_facts(config, DrawnSet(images, labels, {1: 30, 0: 80}, 0.1), ("2,4", "5,7"))
    passed = {"5,7": 0.6667, "2,4": 0.25}
    settings = {"min_confidence": 0.8, "keep_surest": 1.0, "temperature": 0.5, "novelty": 0.1}
    assert facts == {**settings, "passed": passed}
    assert describe_passed(facts) == "Drawn images that passed: 66.7% of 5,7, 25.0% of 2,4"
    assert describe_drawing(config) == "Drawing 40 clean images at temperature 0.5, of which D is sure at 0.8 or more"
    assert describe_drawing(StageTwoConfig()) == "Drawing 10000 clean images"
    share = StageTwoConfig(num_images=40, keep_surest=0.8)
    assert describe_drawing(share) == "Drawing 40 clean images, the 80% of which D is surest"
    new = dataclasses.replace(share, novelty=0.1)
    assert describe_drawing(new) == "Drawing 40 clean images, the 80% of which D is surest, no near copies of originals"
