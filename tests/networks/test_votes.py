import numpy as np
import tensorflow as tf

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras
from nlgan_tf.data.pixels import to_network_range
from nlgan_tf.networks.upright_hog import digit_features
from nlgan_tf.networks.votes import NearestCentres, build_votes
from nlgan_tf.noise_rates.group_votes import group_votes
from nlgan_tf.stage_two import predict_logits


def test_the_nearest_centre_of_each_grouping_votes():
    nearest = NearestCentres(groupings=2, groups=2)
    nearest.build((None, 2))
    nearest.set_weights([np.array([[[0, 0], [4, 0]], [[0, 1], [0, 9]]], np.float32), np.array([[1, 2], [10, 20.0]])])
    vectors = tf.constant([[1.0, 0], [3, 0], [1, 8], [4, 6]])
    # Nearer to 0 or to 4 on the first axis, where the second hardly counts; then to 1 or to 9 on the second.
    np.testing.assert_array_equal(nearest(vectors), [[11], [12], [21], [22]])


def test_groupings_of_fewer_groups_have_no_more_of_them():
    centres = [np.zeros((1, 324), np.float32), np.stack([np.zeros(324), np.ones(324), -np.ones(324)])]
    model = build_votes((16, 16, 1), centres, [np.array([0.5]), np.array([1.0, 2.0, 4.0])])
    # Of an even image nothing is ink, and no feature is above 0.
    assert predict_logits(model, np.full((3, 16, 16, 1), 90, np.uint8)).tolist() == [[1.5]] * 3


def test_a_network_votes_as_the_groups_do_and_keras_saves_it(tmp_path):
    task = nl.load_task("digits:5,7-vs-2,4")
    noisy, priors = nl.corrupt_labels(task.labels[::5], nl.NoisePriors(0.7, 0.85), seed=0), nl.NoisePriors(0.7, 0.85)
    votes = group_votes(digit_features(task.images[::5]), noisy, np.arange(len(noisy)), priors)
    model = build_votes(task.image_shape, votes.centres, votes.votes)
    scores = votes.of_others(digit_features(task.test_images))
    assert np.ptp(scores) > 1
    np.testing.assert_allclose(predict_logits(model, task.test_images)[:, 0], scores, atol=1e-5)
    model.save(tmp_path / "votes.keras")
    again = keras.models.load_model(tmp_path / "votes.keras")
    one = to_network_range(task.test_images[:1])
    np.testing.assert_array_equal(again(one), model(one))
