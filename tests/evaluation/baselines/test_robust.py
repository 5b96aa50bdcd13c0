import math

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.evaluation.baselines.robust import forward_corrected, generalised_cross_entropy

LOGITS = tf.constant([[math.log(3.0)], [math.log(3.0)]])  # probability .75
LABELS = tf.constant([[1.0], [0.0]])


def test_generalised_cross_entropy_by_hand():
    loss = generalised_cross_entropy(0.5)(LABELS, LOGITS)
    np.testing.assert_allclose(loss, [[(1 - math.sqrt(0.75)) / 0.5], [(1 - math.sqrt(0.25)) / 0.5]], rtol=1e-6)


def test_generalised_cross_entropy_lies_between_cross_entropy_and_absolute_error():
    np.testing.assert_allclose(generalised_cross_entropy(1.0)(LABELS, LOGITS), [[0.25], [0.75]], rtol=1e-6)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(LABELS, LOGITS)
    np.testing.assert_allclose(generalised_cross_entropy(1e-3)(LABELS, LOGITS), cross_entropy, rtol=1e-3)


@pytest.mark.parametrize("q", [0, -1, 1.5])
def test_q_out_of_range(q):
    with pytest.raises(ValueError, match=rf"Expected q in \(0, 1\], got {q}"):
        generalised_cross_entropy(q)


def test_forward_correction_by_hand():
    # delta = (.15 / .85, .85 / 1.15); P(s=1) = (1 - 3/17) .75 + (6/23) .25.
    positive = (14 / 17) * 0.75 + (6 / 23) * 0.25
    loss = forward_corrected(NoisePriors(0.7, 0.85))(LABELS, LOGITS)
    np.testing.assert_allclose(loss, [[-math.log(positive)], [-math.log(1 - positive)]], rtol=1e-5)


def test_forward_correction_is_least_at_the_clean_label_under_the_known_noise():
    priors = NoisePriors(0.7, 0.85)
    loss = forward_corrected(priors)
    share = 1 - priors.delta_p  # of s=1 among true positives where the noisy classes weigh equally

    def risk(logit: float) -> float:
        losses = loss(LABELS, tf.fill((2, 1), logit))
        return float(share * losses[0, 0] + (1 - share) * losses[1, 0])

    assert risk(20.0) < min(risk(2.0), risk(0.0), risk(-2.0))


def test_gradients_are_finite_where_the_classifier_is_sure_and_wrong():
    logits = tf.Variable([[-200.0], [200.0]])
    for loss in (generalised_cross_entropy(), forward_corrected(NoisePriors(1.0, 1.0))):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(loss(LABELS, logits))
        assert np.isfinite(value)
        assert np.all(np.isfinite(tape.gradient(value, logits)))
