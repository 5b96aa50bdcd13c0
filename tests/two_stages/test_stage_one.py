import numpy as np
import tensorflow as tf

from nlgan_tf.two_stages.stage_one import COLUMNS, ROWS, shown


def test_tensorboard_shows_drawn_images_of_both_classes_and_d_on_the_originals(tiny_model, images, labels):
    model = tiny_model()
    found = shown(model, images, labels)
    # Grids of 8x8 images with a white line between them.
    assert {name: image.shape for name, image in found.images.items()} == dict.fromkeys(
        ("drawn_p", "drawn_n"), (9 * ROWS - 1, 9 * COLUMNS - 1, 3)
    )
    drawn, _ = model.hallucinate(2 * ROWS * COLUMNS, seed=0)
    np.testing.assert_array_equal(found.images["drawn_p"][:8, :8, :1], drawn[0])
    np.testing.assert_array_equal(found.images["drawn_n"][:8, :8, :1], drawn[ROWS * COLUMNS])
    outputs = tf.sigmoid(model.discriminator(images / np.float32(127.5) - 1, training=False)).numpy()[:, 0]
    for letter, label in (("p", 1), ("n", 0)):
        # D's logits reach 30 here: in a graph and outside it, sums of float32 of that size differ in their last digits.
        np.testing.assert_allclose(found.histograms[f"d_outputs_noisy_{letter}"], outputs[labels == label], atol=1e-5)
