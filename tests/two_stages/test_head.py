import numpy as np
import pytest

import nlgan_tf as nl
from helpers.extractors import channel_means
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.networks.extractor import FrozenFeatures
from nlgan_tf.stage_two import predict_logits
from nlgan_tf.two_stages.head import C, describe_features, fit_head, frozen_features, train_head

ANGLES = np.array([0.1, 0.3, 0.4, 0.9, 1.1, 1.4])
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
POSTERIOR = np.array([0.1, 0.0, 0.6, 0.3, 0.9, 1.0])


def loss(weights, bias, vectors=VECTORS, q=POSTERIOR):
    """The penalised loss of `fit_head`, written out."""
    logits = vectors @ weights + bias
    of_positive, of_negative = np.logaddexp(0, -logits), np.logaddexp(0, logits)
    balanced = (q @ of_positive / q.sum() + (1 - q) @ of_negative / (1 - q).sum()) * len(q) / 2
    return C * balanced + weights @ weights / 2


def test_the_head_minimises_the_balanced_loss_of_soft_labels():
    weights, bias = fit_head(VECTORS, POSTERIOR)
    least = loss(weights, bias)
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 0.05:
        assert loss(weights + step[:2], bias + step[2]) > least


def test_lengths_of_vectors_and_rare_classes_do_not_move_the_threshold():
    weights, _ = fit_head(VECTORS, POSTERIOR)
    longer = fit_head(VECTORS * np.array([1.0, 7.0, 0.2, 3.0, 50.0, 9.0])[:, None], POSTERIOR)
    np.testing.assert_allclose(longer[0], weights, rtol=1e-3)
    # Nine times as many sure negatives of the same kinds: each class weighs the same.
    negatives = np.tile(VECTORS[:3], (9, 1))
    many = fit_head(np.concatenate([negatives, VECTORS[3:]]), np.repeat([0.0, 1.0], [27, 3]))
    few = fit_head(VECTORS, np.repeat([0.0, 1.0], 3))
    direction, other = (np.append(*found) / np.linalg.norm(found[0]) for found in (many, few))
    np.testing.assert_allclose(direction, other, atol=0.02)


def test_the_classifier_gives_the_logits_of_its_head(rng):
    images = rng.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
    features = FrozenFeatures(channel_means(), (8, 8, 3))
    posterior = rng.uniform(size=30)
    weights, bias = fit_head(features(images), posterior)
    vectors = features(images)
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) @ weights + bias
    classifier = train_head(features, images, posterior)
    np.testing.assert_allclose(predict_logits(classifier, images)[:, 0], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("posterior", [np.full(6, 1.5), np.full(5, 0.5)])
def test_posteriors_that_are_none_are_refused(posterior):
    with pytest.raises(nl.InputError, match="Expected posterior"):
        fit_head(VECTORS, posterior)


def test_features_are_described_by_name_and_size():
    found = frozen_features(channel_means(name="mine"), StageTwoConfig(learns_from="both"), (8, 8, 1))
    assert describe_features(found) == "Frozen features of mine: 2 numbers an image"
    assert describe_features(None) is None
    assert frozen_features(None, StageTwoConfig(), (8, 8, 1)) is None


@pytest.mark.real_data
@pytest.mark.stack("current", reason="the file is of Keras 3")
def test_a_head_on_imagenet_features_knows_photographs_and_is_served_whole(tfds_dir, extractor_file, tmp_path):
    task = nl.load_task("cifar10:truck-vs-bird", size=40, data_dir=tfds_dir)
    features = frozen_features(str(extractor_file), StageTwoConfig(learns_from="both"), task.image_shape)
    assert features(task.images).shape == (40, 1280)
    posterior = np.clip(task.labels.astype(np.float32), 0.1, 0.9)
    classifier = train_head(features, task.images, posterior)
    probe = task.test_images[:64]
    assert np.mean((predict_logits(classifier, probe)[:, 0] > 0) == (task.test_labels[:64] == 1)) > 0.85
    version = nl.export_classifier(classifier, tmp_path, task.class_names, images=probe)
    assert len(list(nl.check_export(version))) == 9
    classifier.save(tmp_path / "classifier.keras")
    again = nl.load_model(tmp_path / "classifier.keras")
    np.testing.assert_allclose(predict_logits(again, probe[:4]), predict_logits(classifier, probe[:4]), atol=1e-5)
