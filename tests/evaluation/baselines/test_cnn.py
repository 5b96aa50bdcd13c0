import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.utils import compute_sample_weight

import nlgan_tf as nl
from nlgan_tf.evaluation.baselines.cnn import BATCH_SIZE, CNNClassifier, UpsampledClassifier, cross_entropy

CONFIG = nl.StageTwoConfig(epochs=1, width=0.1, samples_per_epoch=64, batch_size=16)


@pytest.fixture
def halves(rng) -> tuple[np.ndarray, np.ndarray]:
    """Images that are bright above (label 1, a third of them) or below."""
    labels = (np.arange(60) % 3 == 0).astype(int)
    images = rng.integers(0, 60, (60, 8, 8, 1), dtype=np.uint8)
    images[labels == 1, :4] += np.uint8(150)
    images[labels == 0, 4:] += np.uint8(150)
    return images, labels


def test_cross_entropy_by_hand():
    logits = tf.constant([[np.log(3.0)], [np.log(3.0)]], tf.float32)  # Probability .75.
    losses = cross_entropy(tf.constant([[1.0], [0.0]]), logits)
    assert losses.numpy()[:, 0] == pytest.approx([-np.log(0.75), -np.log(0.25)])


def test_given_weights_take_the_place_of_equal_classes(halves):
    images, labels = halves

    def probabilities(weights):
        return CNNClassifier(CONFIG).fit(images, labels, weights).predict_proba(images)

    equal = probabilities(None)
    np.testing.assert_array_equal(equal, probabilities(compute_sample_weight("balanced", labels)))
    assert np.abs(equal - probabilities(np.ones(len(labels)))).max() > 1e-3


@pytest.mark.parametrize("classifier", [CNNClassifier, UpsampledClassifier])
def test_labels_follow_the_probabilities_and_the_seed_repeats_them(halves, classifier):
    images, labels = halves
    first, again, other = (classifier(CONFIG, seed=seed).fit(images, labels) for seed in (0, 0, 1))
    probabilities = first.predict_proba(images)
    assert probabilities.shape == (60, 2)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(60))
    np.testing.assert_array_equal(first.predict(images), probabilities[:, 1] > 0.5)
    np.testing.assert_array_equal(probabilities, again.predict_proba(images))
    assert np.abs(probabilities - other.predict_proba(images)).max() > 1e-4
    assert first.classes_.tolist() == [0, 1]
    assert clone(first).get_params() == first.get_params()


def test_an_epoch_sees_each_image_once(halves):
    images, labels = halves
    fitted = CNNClassifier(nl.StageTwoConfig(epochs=2, width=0.1)).fit(images, labels)
    assert int(fitted.network_.optimizer.iterations) == 2 * -(-len(images) // BATCH_SIZE)


@pytest.mark.parametrize("classifier", [CNNClassifier, UpsampledClassifier])
def test_images_are_converted_at_each_entrance(halves, classifier):
    images, labels = halves
    fitted = classifier(CONFIG).fit(images[..., 0].astype(np.int64), labels)
    expected = fitted.predict_proba(images)
    np.testing.assert_array_equal(fitted.predict_proba(list(images)), expected)
    np.testing.assert_array_equal(fitted.predict(images[..., 0]), expected[:, 1] > 0.5)
    for ask in (fitted.predict, fitted.predict_proba, lambda small: fitted.fit(small, labels)):
        with pytest.raises(nl.InputError, match=r"Expected images in \[0, 255\], got a largest value of"):
            ask((images / 255).astype(np.float32))
