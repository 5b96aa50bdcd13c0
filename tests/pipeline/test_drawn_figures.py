import numpy as np

from nlgan_tf.data.task import ImageTask
from nlgan_tf.pipeline.drawn_figures import PICTURES, drawn_figures, with_nearest


def test_each_label_s_first_images_come_with_the_nearest_real_ones(images, labels):
    pairs = with_nearest(images, images[::-1], labels, 3)
    for label, (drawn, nearest) in pairs.items():
        np.testing.assert_array_equal(drawn, images[::-1][labels == label][:3])
        np.testing.assert_array_equal(nearest, drawn)


def test_every_picture_of_a_run_is_a_figure(tiny_model, images, labels):
    model = tiny_model()
    task = ImageTask(images, noisy_labels=labels, class_names=("ham", "spam"))
    made = drawn_figures(task, *model.hallucinate(6, seed=2), model, seed=2, temperature=0.5)
    assert tuple(made) == PICTURES
    panels = {name: len(figure().axes) for name, figure in made.items()}
    assert panels == {"samples.png": 4, "interpolation.png": 2, "neighbours.png": 2}
