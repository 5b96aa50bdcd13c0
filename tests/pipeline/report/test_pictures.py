import base64
import io

import matplotlib.image
import numpy as np
from matplotlib.figure import Figure

from nlgan_tf.figures.save import plain_style
from nlgan_tf.pipeline.report.pictures import of_figure, of_image


def content(picture) -> bytes:
    return base64.b64decode(picture.source.partition(",")[2])


def test_an_image_is_kept_pixel_by_pixel(rng):
    image = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    picture = of_image(image, "noise")
    assert (picture.width, picture.height, picture.alt) == (7, 5, "noise")
    found = matplotlib.image.imread(io.BytesIO(content(picture)), format="png")[..., :3]
    np.testing.assert_array_equal(np.round(found * 255), image)


def test_a_figure_has_no_background_and_the_readers_ink():
    with plain_style():
        figure = Figure(figsize=(3, 2))
        figure.subplots().set(title="<title>")
    picture = of_figure(figure, "empty axes")
    svg = content(picture).decode()
    assert (picture.width, picture.height) == (288, 192)
    assert "&lt;title&gt;" in svg
    assert "#ffffff" not in svg
    assert "#000000" not in svg
    assert "currentColor" in svg
    assert of_figure(figure, "empty axes") == picture
