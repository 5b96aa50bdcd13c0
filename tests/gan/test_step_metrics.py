import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.gan.step_metrics import StepMetrics

PRIORS = NoisePriors(0.7, 0.85)
LOG_3 = tf.constant([np.log(3.0)], tf.float32)  # sigmoid: 3/4
ZERO = tf.constant([0.0])


def update(metrics: StepMetrics, generated: list) -> dict[str, float]:
    logs = metrics.update(tf.constant(4.0), (LOG_3, ZERO), generated, PRIORS)
    return {name: float(value) for name, value in logs.items()}


def test_values_of_one_step_by_hand():
    logs = update(StepMetrics(), [(1, tf.constant(1.0), ZERO), (0, tf.constant(2.0), LOG_3)])
    assert logs == pytest.approx(
        {
            **{"loss": 7, "d_loss": 4, "gp_loss": 1, "gn_loss": 2},
            **{"d_noisy_p": 0.75, "d_noisy_n": 0.5, "d_fake_p": 0.5, "d_fake_n": 0.75},
            **{"gap_p": 0.5 - PRIORS.delta_p, "gap_n": 0.75 - PRIORS.delta_n},
        }
    )


def test_losses_are_means_of_steps_and_outputs_means_of_images():
    metrics = StepMetrics()
    update(metrics, [(1, tf.constant(1.0), ZERO), (0, tf.constant(2.0), LOG_3)])
    three = tf.repeat(LOG_3, 3)
    logs = update(metrics, [(1, tf.constant(3.0), three), (0, tf.constant(2.0), LOG_3)])
    assert (logs["gp_loss"], logs["gn_loss"], logs["loss"]) == pytest.approx((2, 2, 8))
    assert logs["d_fake_p"] == pytest.approx((0.5 + 3 * 0.75) / 4)


def test_several_generators_of_a_label_count_together():
    generated = [(1, tf.constant(1.0), ZERO), (0, tf.constant(2.0), LOG_3), (1, tf.constant(0.5), LOG_3)]
    logs = update(StepMetrics(), generated)
    assert (logs["gp_loss"], logs["gn_loss"], logs["loss"]) == pytest.approx((1.5, 2, 7.5))
    assert (logs["d_fake_p"], logs["d_fake_n"]) == pytest.approx((0.625, 0.75))
