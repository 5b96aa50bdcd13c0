import numpy as np
from matplotlib import image

from nlgan_tf.figures.histogram import Panel, write_histograms


def test_the_bars_stand_where_the_outputs_are(tmp_path):
    # All outputs near .25: the left half of the picture is coloured, the right half is not.
    outputs, labels = np.full(100, 0.25), np.tile([0, 1], 50)
    write_histograms(tmp_path / "histogram.png", labels, [Panel("D", outputs, 0.25, 0.5)])
    pixels = image.imread(tmp_path / "histogram.png")[..., :3]
    coloured = np.ptp(pixels, axis=-1) > 0.3
    columns = np.flatnonzero(coloured[pixels.shape[0] // 2 :].any(axis=0)) / pixels.shape[1]
    assert 0.2 < columns.min() < columns.max() < 0.45
