import matplotlib.image
import numpy as np
import pytest

from nlgan_tf.figures.save import save
from nlgan_tf.figures.strips import interpolation, neighbours


def levels(*values: int, shape=(8, 8, 1)) -> np.ndarray:
    return np.stack([np.full(shape, value, np.uint8) for value in values])


@pytest.mark.parametrize("shape", [(8, 8, 1), (12, 8, 3)])
def test_an_interpolation_is_one_row_a_generator(shape):
    paths = {1: levels(0, 100, 200, shape=shape), 0: levels(10, 20, 30, shape=shape)}
    figure = interpolation(("two", "five"), paths)
    assert [axes.get_title() for axes in figure.axes] == [
        "G_P, five: from one z to another",
        "G_N, two: from one z to another",
    ]
    for axes, values in zip(figure.axes, ((0, 100, 200), (10, 20, 30)), strict=True):
        (shown,) = axes.get_images()
        sheet = np.asarray(shown.get_array())
        assert sheet.shape == (shape[0], 3 * (shape[1] + 1) - 1, 3)
        assert sheet[0, :: shape[1] + 1, 0].tolist() == list(values)


def test_each_drawn_image_is_above_its_nearest_real_one(tmp_path):
    pairs = {1: (levels(1, 2), levels(3, 4)), 0: (levels(5, 6), levels(7, 8))}
    figure = neighbours(("same", "same"), pairs)
    assert [axes.get_title() for axes in figure.axes] == ["G_P, same", "G_N, same"]
    sheets = [np.asarray(axes.get_images()[0].get_array())[::9, ::9, 0].tolist() for axes in figure.axes]
    assert sheets == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    for axes in figure.axes:
        assert [label.get_text() for label in axes.get_yticklabels()] == ["drawn", "nearest real"]
    save(figure, tmp_path / "neighbours.png")
    assert matplotlib.image.imread(tmp_path / "neighbours.png").shape[1] == 9 * 150
