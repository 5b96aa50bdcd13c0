import numpy as np

from nlgan_tf.config import StageOneConfig
from nlgan_tf.two_stages.refinement import refine_generators

CONFIG = StageOneConfig(batch_size=8, samples_per_epoch=16, refine_epochs=2, width=0.1)
POSTERIOR = np.tile(np.float32([0.9, 0.1]), 20)


def test_trains_for_the_configured_epochs_and_changes_what_is_drawn(tiny_model, images, labels):
    model = tiny_model()
    before, _ = model.hallucinate(4)
    judged = model.predict(images, verbose=0)
    rows = refine_generators(model, images, labels, POSTERIOR, CONFIG)
    assert [row["epoch"] for row in rows] == [0, 1]
    assert not np.array_equal(model.hallucinate(4)[0], before)
    np.testing.assert_array_equal(model.predict(images, verbose=0), judged)


def test_the_same_seed_gives_the_same_images(tiny_model, images, labels):
    drawn = []
    for _ in range(2):
        model = tiny_model()
        refine_generators(model, images, labels, POSTERIOR, CONFIG, seed=3)
        drawn.append(model.hallucinate(4)[0])
    np.testing.assert_array_equal(*drawn)
