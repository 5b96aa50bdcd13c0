import matplotlib.image
import numpy as np
import pytest

from nlgan_tf.figures.samples import as_rgb, noisy_and_drawn, sample_grids, tile
from nlgan_tf.figures.save import save


def test_tiles_by_hand():
    images = np.arange(1, 4, dtype=np.uint8).reshape(3, 1, 1, 1)
    np.testing.assert_array_equal(tile(images, 2, 2)[..., 0], [[1, 255, 2], [255, 255, 255], [3, 255, 255]])


@pytest.mark.parametrize(
    ("pixel", "seen"),
    [
        ([30], [30, 30, 30]),
        # Grey 30 of opacity 1, 0 and 1/5 on white.
        ([30, 255], [30, 30, 30]),
        ([30, 0], [255, 255, 255]),
        ([30, 51], [210, 210, 210]),
        ([30, 90, 200], [30, 90, 200]),
        ([30, 90, 200, 255], [30, 90, 200]),
        ([30, 90, 200, 0], [255, 255, 255]),
        ([30, 90, 200, 51], [210, 222, 244]),
        ([30, 90, 200, 7, 9], [30, 90, 200]),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_every_number_of_channels_is_seen_as_rgb(pixel, seen, dtype):
    images = np.array(pixel, dtype).reshape(1, 1, 1, -1)
    np.testing.assert_array_equal(as_rgb(images), np.array(seen).reshape(1, 1, 1, 3))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_png_shows_each_group(tmp_path, channels):
    dark, bright = (np.full((70, 8, 8, channels), value, np.uint8) for value in (30, 200))
    if channels in (2, 4):
        dark[..., -1] = bright[..., -1] = 255
    save(sample_grids([("dark", dark), ("bright", bright)]), tmp_path / "samples.png")
    picture = matplotlib.image.imread(tmp_path / "samples.png")[..., :3]
    height, width, _ = picture.shape
    assert width > 1.5 * height
    assert np.median(picture[height // 2 :, : width // 2]) == pytest.approx(30 / 255, abs=0.02)
    assert np.median(picture[height // 2 :, width // 2 :]) == pytest.approx(200 / 255, abs=0.02)


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 9, 3), (7, 3, 4)])
def test_few_images_of_any_shape_are_a_figure(tmp_path, count, shape):
    save(sample_grids([("few", np.full((count, *shape), 7, np.uint8))]), tmp_path / "samples.png")
    assert matplotlib.image.imread(tmp_path / "samples.png").size


@pytest.mark.parametrize("name", ["$", "a$b_^c", r"\frac{", "two\nlines", "\x00\udcff", "x" * 500, ""])
def test_class_names_are_shown_as_they_are(tmp_path, name):
    images, labels = np.zeros((4, 8, 8, 1), np.uint8), np.array([0, 1, 0, 1])
    groups = noisy_and_drawn((name, "other"), (images, labels), (images, labels))
    save(sample_grids(groups), tmp_path / "samples.png")
    assert matplotlib.image.imread(tmp_path / "samples.png").shape[1] == 4 * 3 * 150


def test_classes_of_one_name_stay_two_groups():
    images, labels = np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1), np.array([0, 1, 0, 1])
    groups = noisy_and_drawn(("same", "same"), (images, labels), (images + 10, labels))
    # Noisy images are shuffled; drawn ones keep their order.
    assert [(title, sorted(group.ravel())) for title, group in groups[:2]] == [
        ("noisy same", [1, 3]),
        ("noisy same", [0, 2]),
    ]
    assert [(title, group.ravel().tolist()) for title, group in groups[2:]] == [
        ("drawn same", [11, 13]),
        ("drawn same", [10, 12]),
    ]


def test_noisy_images_are_shuffled_and_drawn_ones_are_not():
    # As in a folder whose first half by name has been labelled wrongly.
    images, labels = np.arange(200, dtype=np.uint8).reshape(200, 1, 1, 1), np.ones(200, int)
    first, again = (noisy_and_drawn(("n", "p"), (images, labels), (images, labels)) for _ in range(2))
    shown = first[0][1][:64].ravel()
    assert 20 < np.sum(shown < 100) < 44
    np.testing.assert_array_equal(shown, again[0][1][:64].ravel())
    np.testing.assert_array_equal(first[2][1], images)
