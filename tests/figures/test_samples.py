import matplotlib.image
import numpy as np
import pytest

from nlgan_tf.figures.samples import tile, write_samples


def test_tiles_by_hand():
    images = np.arange(1, 4, dtype=np.uint8).reshape(3, 1, 1, 1)
    np.testing.assert_array_equal(tile(images, 2, 2)[..., 0], [[1, 255, 2], [255, 255, 255], [3, 255, 255]])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_png_shows_each_group(tmp_path, channels):
    dark, bright = (np.full((70, 8, 8, channels), value, np.uint8) for value in (30, 200))
    write_samples(tmp_path / "samples.png", {"dark": dark, "bright": bright})
    picture = matplotlib.image.imread(tmp_path / "samples.png")[..., :3]
    height, width, _ = picture.shape
    assert width > 1.5 * height
    assert np.median(picture[height // 2 :, : width // 2]) == pytest.approx(30 / 255, abs=0.02)
    assert np.median(picture[height // 2 :, width // 2 :]) == pytest.approx(200 / 255, abs=0.02)
