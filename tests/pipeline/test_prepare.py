import dataclasses

import numpy as np

from nlgan_tf.data.task import ImageTask
from nlgan_tf.pipeline.prepare import describe_task


def test_a_task_in_words():
    task = ImageTask(
        images=np.zeros((6, 8, 8, 1), np.uint8),
        labels=np.array([1, 1, 1, 0, 0, 0]),
        noisy_labels=np.array([1, 1, 0, 0, 0, 0]),
        class_names=("2/4", "5/7"),
    )
    line = "6 images of 8x8x1; labels: 2 5/7, 4 2/4"
    assert describe_task(task) == f"{line}, 1 of them wrong (pi_p 1.000, pi_n 0.750 realised)"
    assert describe_task(dataclasses.replace(task, labels=None)) == line
