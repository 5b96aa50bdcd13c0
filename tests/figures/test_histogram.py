import numpy as np
import pytest
from matplotlib import image

from nlgan_tf.figures.histogram import Panel, histograms
from nlgan_tf.figures.save import save


def test_the_bars_are_where_the_outputs_are(tmp_path):
    # All outputs near .25: the left half of the picture is coloured, the right half is not.
    outputs, labels = np.full(100, 0.25), np.tile([0, 1], 50)
    save(histograms(labels, [Panel("D", outputs, 0.25, 0.5)]), tmp_path / "histogram.png")
    pixels = image.imread(tmp_path / "histogram.png")[..., :3]
    coloured = np.ptp(pixels, axis=-1) > 0.3
    columns = np.flatnonzero(coloured[pixels.shape[0] // 2 :].any(axis=0)) / pixels.shape[1]
    assert 0.2 < columns.min() < columns.max() < 0.45


@pytest.mark.parametrize("labels", [[1, 1, 1], [0, 0, 1], []])
def test_few_outputs_of_one_label_are_a_figure_too(tmp_path, labels):
    panel = Panel("two\nlines $_^", np.full(len(labels), 1.0), 0.0, 1.0)
    save(histograms(np.array(labels, int), [panel, panel]), tmp_path / "histogram.png")
    assert image.imread(tmp_path / "histogram.png").size
