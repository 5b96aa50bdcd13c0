import numpy as np
import pytest
import tensorflow as tf

from helpers.forked import output_of
from nlgan_tf.gan.evaluation_metrics import EvaluationMetrics


def h(output: float, target: int) -> float:
    return -np.log(output if target else 1 - output)


def test_the_loss_is_equation_2_over_all_images():
    """D's outputs .2 and .4 on images labelled positive, .5 on one labelled negative, in three batches."""
    metrics = EvaluationMetrics()
    for output, label in ((0.2, 1), (0.5, 0), (0.4, 1)):
        logits = tf.constant([np.log(output / (1 - output))], tf.float32)
        logs = metrics.update(logits, tf.constant([output < 0.45]), tf.constant([label]), "bce")
    assert float(logs["loss"]) == pytest.approx((h(0.2, 0) + h(0.4, 0)) / 2 + h(0.5, 1), rel=1e-5)
    assert float(logs["noisy_accuracy"]) == 1
    assert set(logs) == {"loss", "noisy_accuracy"}


def test_squared_errors_and_clean_labels():
    labels = {"noisy": tf.constant([1, 1, 0]), "clean": tf.constant([1, 0, 0])}
    logits = tf.constant([0.0, np.log(0.25 / 0.75), np.log(3.0)], tf.float32)
    logs = EvaluationMetrics().update(logits, tf.constant([True, True, True]), labels, "mse")
    assert float(logs["loss"]) == pytest.approx((0.25 + 0.0625) / 2 + 0.0625, rel=1e-5)
    assert float(logs["noisy_accuracy"]) == pytest.approx(2 / 3)
    assert float(logs["clean_accuracy"]) == pytest.approx(1 / 3)


def test_a_label_without_an_image_adds_nothing():
    logs = EvaluationMetrics().update(tf.zeros(2), tf.constant([True, True]), tf.constant([1, 1]), "bce")
    assert float(logs["loss"]) == pytest.approx(np.log(2), rel=1e-5)


def test_neither_batch_size_nor_order_changes_what_evaluate_and_validation_report(tiny_model, images, labels, rng):
    model, uneven = tiny_model(), np.where(np.arange(40) < 13, 1, labels)
    expected = model.evaluate(images, uneven, batch_size=40, verbose=0)
    by_label = np.argsort(uneven, kind="stable")
    for order in (by_label, rng.permutation(40)):
        for batch_size in (1, 7, 32):
            found = model.evaluate(images[order], uneven[order], batch_size=batch_size, verbose=0)
            assert found == pytest.approx(expected, rel=1e-4)
    ordered = images[by_label], uneven[by_label]
    history = model.fit(images, uneven, validation_data=ordered, validation_batch_size=8, verbose=0).history
    assert history["val_loss"] == pytest.approx([model.evaluate(*ordered, batch_size=40, verbose=0)[0]], rel=1e-4)


ON_TWO_REPLICAS = """
import numpy as np
import tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
import nlgan_tf as nl

images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
labels = (np.arange(40) < 13).astype(int)

def evaluated(batch_size):
    model = nl.build_nlgan((8, 8, 1), nl.NoisePriors(0.7, 0.85), nl.StageOneConfig(width=0.1, spectral_norm="exact"))
    return model.evaluate(images, labels, batch_size=batch_size, verbose=0)

alone = evaluated(40)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    np.testing.assert_allclose(evaluated(16), alone, rtol=1e-4)
"""


def test_several_replicas_report_what_one_reports(tmp_path):
    output_of(ON_TWO_REPLICAS, log=tmp_path / "log")
