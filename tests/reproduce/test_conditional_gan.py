import numpy as np
import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.data.batches import noisy_dataset
from nlgan_tf.reproduce.conditional_gan import build_conditional_dcgan

SMALL = StageOneConfig(width=0.1, spectral_layers="all")


def halves(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Bright on the left for label 1, on the right for label 0."""
    labels = np.arange(n) % 2
    images = np.zeros((n, 8, 8, 1), np.uint8)
    images[labels == 1, :, :4] = 255
    images[labels == 0, :, 4:] = 255
    return images, labels


def test_one_step_moves_both_networks_and_repeats():
    images, labels = halves(16)
    starts, states = [], []
    for _ in range(2):
        model = build_conditional_dcgan((8, 8, 1), SMALL, spectral_norm=True, seed=1)
        before = [np.array(weight) for weight in model.trainable_variables]
        starts.append(before)
        logs = model.train_on_batch(images, labels, return_dict=True)
        states.append([np.array(weight) for weight in model.trainable_variables])
        assert sum(np.any(old != new) for old, new in zip(before, states[-1], strict=True)) > len(before) * 0.7
        assert logs["loss"] == pytest.approx(logs["d_loss"] + logs["g_loss"])
    for first, second in zip(*starts, strict=True):
        np.testing.assert_array_equal(first, second)
    # Sums are rounded by where memory happens to lie; another seed moves weights by 1e-4 and more.
    for first, second in zip(*states, strict=True):
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-6)


def test_the_ancestors_differ_in_the_norm_of_d():
    plain, spectral = (build_conditional_dcgan((8, 8, 1), SMALL, norm).discriminator for norm in (False, True))
    kinds = [{type(layer).__name__ for layer in network.layers} for network in (plain, spectral)]
    assert "BatchNormalization" in kinds[0]
    assert "ExactSpectralNormalization" not in kinds[0]
    assert "BatchNormalization" not in kinds[1]
    assert "ExactSpectralNormalization" in kinds[1]
    assert plain.input_shape == (None, 8, 8, 2)


@pytest.mark.slow
def test_it_draws_what_the_label_asks_for():
    images, labels = halves(64)
    model = build_conditional_dcgan((8, 8, 1), SMALL, spectral_norm=True)
    model.fit(noisy_dataset(images, labels, 32, 640), epochs=15, shuffle=False, verbose=0)
    drawn, drawn_labels = model.hallucinate(21, seed=3)
    assert drawn.dtype == np.uint8
    assert drawn_labels.tolist() == [1] * 11 + [0] * 10
    left = drawn[:, :, :4].mean(axis=(1, 2, 3)) > drawn[:, :, 4:].mean(axis=(1, 2, 3))
    assert np.mean(left == drawn_labels) > 0.9
    np.testing.assert_array_equal(drawn, model.hallucinate(21, seed=3)[0])


def test_it_is_a_keras_model():
    assert isinstance(build_conditional_dcgan((8, 8, 3), SMALL, spectral_norm=False), keras.Model)
