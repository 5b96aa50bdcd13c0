import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nlgan_tf.figures.gallery import gallery
from nlgan_tf.figures.save import save


def test_each_image_is_above_its_caption(images):
    captions = [(f"{index} → x", f"0.{index}") for index in range(10)]
    figure = gallery(images[:10], captions, "Suspects", columns=4)
    assert figure.get_suptitle() == "Suspects"
    assert len(figure.axes) == 12
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 10
    for image, caption, axes in zip(images, captions, shown, strict=False):
        np.testing.assert_array_equal(axes.images[0].get_array(), np.repeat(image, 3, axis=-1))
        assert axes.get_xlabel() == "\n".join(caption)
    places = [axes.get_position() for axes in shown[:5]]
    assert [place.y0 for place in places[:4]] == pytest.approx([places[0].y0] * 4, abs=0.01)
    assert places[0].x0 < places[3].x0
    assert places[4].y0 < places[0].y0


def test_fewer_images_than_columns_are_one_row(images):
    figure = gallery(images[:3], [("a",)] * 3)
    assert len(figure.axes) == 3


@pytest.mark.parametrize("count", [3, 37])
def test_no_caption_is_cut_off(images, count):
    figure = gallery(images[:count], [("cat → dog", "quality 0.10", "dog/IMG_0282.jpg")] * count, "Suspects")
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    captions = [axes.xaxis.label.get_window_extent(renderer) for axes in figure.axes if axes.get_xlabel()]
    assert len(captions) == count
    assert min(caption.y0 for caption in captions) > 0


def test_a_name_is_no_markup(images, tmp_path):
    figure = gallery(images[:1], [("$x_1$\n<b>",)])
    assert figure.axes[0].get_xlabel() == "$x_1$ <b>"
    save(figure, tmp_path / "gallery.png")
    assert (tmp_path / "gallery.png").stat().st_size > 1000
