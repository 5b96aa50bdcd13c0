import numpy as np
import pytest

from nlgan_tf.data.batches import judged_batches, noisy_dataset, soft_label_batches
from nlgan_tf.errors import InputError


def marked(n: int) -> np.ndarray:
    """n images that carry their index in their first two pixels, and have a white pixel as usual images do."""
    images = np.zeros((n, 4, 4, 1), np.uint8)
    images[:, 1, 1, 0] = 255
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(n) // 256, np.arange(n) % 256
    return images


def indices_of(dataset) -> list[np.ndarray]:
    return [batch[:, 0, 0, 0].numpy().astype(int) * 256 + batch[:, 0, 1, 0].numpy() for batch, _ in dataset]


def test_each_batch_is_balanced_and_every_label_belongs_to_its_image():
    labels = np.repeat([1, 0], [30, 10])
    dataset = noisy_dataset(marked(40), labels, batch_size=8, samples_per_epoch=100)
    assert len(list(dataset)) == 12
    for batch, batch_labels in dataset:
        assert batch.dtype.name == "uint8"
        assert batch_labels.numpy().sum() == 4
        index = batch[:, 0, 1, 0].numpy()
        np.testing.assert_array_equal(batch_labels, labels[index])


def test_the_default_epoch_is_78_batches_of_128():
    shapes = [tuple(batch.shape) for batch, _ in noisy_dataset(marked(40), np.tile([1, 0], 20))]
    assert shapes == [(128, 4, 4, 1)] * 78


def test_small_sets_repeat_evenly():
    labels = np.repeat([1, 0], [7, 33])
    seen = np.concatenate(indices_of(noisy_dataset(marked(40), labels, 10, 280)))
    counts = np.bincount(seen, minlength=40)
    assert counts[:7].tolist() == [20] * 7
    assert counts[7:].min() >= 4
    assert counts[7:].max() <= 5


def test_each_epoch_has_an_order_of_its_own_and_the_seed_decides_them():
    images, labels = marked(300), np.tile([1, 0], 150)

    def epochs(seed):
        dataset = noisy_dataset(images, labels, 20, 300, seed)
        return [np.concatenate(indices_of(dataset)) for _ in range(2)]

    first, again, other = epochs(0), epochs(0), epochs(1)
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).any()
    assert (first[0] != other[0]).any()


def test_floats_stay_floats():
    images = marked(8).astype(np.float64) / 2 + 2.5
    batch, _ = next(iter(noisy_dataset(images, np.tile([1, 0], 4), 4, 8)))
    assert batch.dtype.name == "float32"
    assert float(batch[0, 3, 3, 0]) == 2.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 7}, "Expected batch_size to be even and at least 2, got 7"),
        ({"batch_size": 0}, "Expected batch_size to be even and at least 2, got 0"),
        ({"samples_per_epoch": 4}, "Expected samples_per_epoch to be at least batch_size=8, got 4"),
        ({"seed": 0.5}, "Expected seed to be an integer, got 0.5"),
        ({"seed": -1}, "Expected seed to be at least 0, got -1"),
        (
            {"noisy_labels": np.repeat([1, 0], [39, 1])},
            "Expected at least 2 positives and 2 negatives in noisy_labels, got 39 and 1",
        ),
        ({"noisy_labels": np.ones(40)}, "Expected at least 2 positives and 2 negatives in noisy_labels, got 40 and 0"),
        ({"noisy_labels": np.zeros(39)}, r"Expected noisy_labels of shape \(40,\), .* got shape \(39,\)"),
        ({"noisy_labels": np.tile([1, -1], 20)}, r"got -1: map noisy_labels by \(noisy_labels \+ 1\) // 2"),
        ({"noisy_labels": np.tile([1, 2], 20)}, "got 2: map noisy_labels by noisy_labels - 1"),
        (
            {"noisy_labels": ["ham", "spam"] * 20},
            r"got 'ham', 'spam': map noisy_labels by np.array\(noisy_labels\) == ",
        ),
        ({"noisy_labels": [1, None] * 20}, "got missing labels"),
        (
            {"images": marked(40)[:, 0, 0]},
            r"Expected images of shape \(n, height, width, channels\) or .* got shape \(40, 1\)",
        ),
        ({"images": marked(40) > 0}, r"Expected images as integers or floats in \[0, 255\], got bool"),
        ({"images": marked(40) - 1.0}, "Expected images in .*, got values from -1 to "),
        ({"images": np.full((40, 4, 4, 1), 256.0)}, r"Expected images in \[0, 255\], got values from 256 to 256"),
        ({"images": np.full((40, 4, 4, 1), np.nan)}, "without NaN, got NaN in 40 of 40 images"),
        (
            {"images": np.full((40, 4, 4, 1), 0.5)},
            "got a largest value of 0.5: multiply the images by 255, or give scale=",
        ),
        ({"images": np.ones((40, 4, 4, 1), np.uint8)}, "got a largest value of 1: multiply the images by 255"),
        ({"scale": 255}, r"Expected images times scale=255 in \[0, 255\], got values from 0 to "),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"images": marked(40), "noisy_labels": np.tile([1, 0], 20), "batch_size": 8, **change}
    with pytest.raises(ValueError, match=message):
        noisy_dataset(**arguments)


def test_what_is_converted_gives_the_batches_of_its_uint8_images():
    images, labels = marked(40), np.tile([1, 0], 20)

    def batches(images, labels, **settings):
        return [image.numpy() for image, _ in noisy_dataset(images, labels, 8, 40, **settings)]

    wanted = batches(images, labels)
    for given in (images[..., 0], images.astype(">i8"), list(images), np.asfortranarray(images)):
        np.testing.assert_array_equal(batches(given, labels[:, np.newaxis] == 1), wanted)
    np.testing.assert_array_equal(batches(images / 255, labels, scale=255), wanted)
    assert batches(images / 255, labels, scale=255)[0].dtype == np.uint8


class TestSoftLabelBatches:
    @pytest.fixture
    def originals(self):
        return marked(10), np.linspace(0, 0.9, 10)

    @pytest.fixture
    def drawn(self):
        images = marked(6)
        images[:, 3, 3] = 255
        return images, np.linspace(1, 0.5, 6)

    def test_half_are_originals_and_half_drawn_each_with_its_label(self, originals, drawn):
        dataset = soft_label_batches(*originals, *drawn, batch_size=8, samples_per_epoch=240)
        batches = list(dataset.as_numpy_iterator())
        assert len(batches) == 30
        for images, labels in batches:
            assert (images.dtype, labels.dtype, images.shape) == (np.uint8, np.float32, (8, 4, 4, 1))
            assert images[:, 3, 3, 0].tolist() == [0] * 4 + [255] * 4
            index = images[:, 0, 1, 0]
            np.testing.assert_allclose(labels[:4], originals[1][index[:4]])
            np.testing.assert_allclose(labels[4:], drawn[1][index[4:]])
        # 120 of each kind: every deck of 10 originals holds each once, every deck of 6 drawn ones too.
        index = np.array([images[:, 0, 1, 0] for images, _ in batches])
        for part, size in ((index[:, :4], 10), (index[:, 4:], 6)):
            decks = np.sort(part.reshape(-1, size), axis=1)
            np.testing.assert_array_equal(decks, np.tile(np.arange(size), (120 // size, 1)))

    def test_one_kind_alone_fills_the_batch(self, originals, drawn):
        for kind, arguments in ((originals, (*originals, None, None)), (drawn, (None, None, *drawn))):
            (images, labels), *_ = soft_label_batches(*arguments, batch_size=4, samples_per_epoch=40)
            assert images.shape == (4, 4, 4, 1)
            np.testing.assert_allclose(labels, kind[1][images[:, 0, 1, 0].numpy()])

    def test_each_epoch_has_an_order_of_its_own_and_the_seed_decides_them(self, originals, drawn):
        def epochs(seed):
            dataset = soft_label_batches(*originals, *drawn, batch_size=8, samples_per_epoch=80, seed=seed)
            return [np.concatenate(indices_of(dataset)) for _ in range(2)]

        first, again, other = epochs(0), epochs(0), epochs(1)
        np.testing.assert_array_equal(first, again)
        assert (first[0] != first[1]).any()
        assert (first[0] != other[0]).any()

    def test_floats_make_all_images_floats(self, originals, drawn):
        images = originals[0] / np.float32(2) + np.float32(0.5)
        (batch, _), *_ = soft_label_batches(images, originals[1], *drawn, batch_size=4, samples_per_epoch=4)
        assert batch.dtype.name == "float32"
        assert batch[0, 3, 3, 0].numpy() == 0.5
        assert batch[3, 3, 3, 0].numpy() == 255

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"images": None, "drawn_images": None}, "Expected images, drawn_images or both, got neither"),
            ({"labels": None}, r"Expected labels of shape \(10,\), one label per image, got shape \(\)"),
            ({"labels": np.full(10, 1.5)}, r"Expected labels as probabilities in \[0, 1\], got values from 1.5 to 1.5"),
            ({"drawn_labels": np.full(6, np.nan)}, r"Expected drawn_labels as probabilities in \[0, 1\], got values"),
            ({"drawn_labels": ["a"] * 6}, r"Expected drawn_labels as probabilities in \[0, 1\], got list of dtype"),
            ({"drawn_labels": np.ones(5)}, r"Expected drawn_labels of shape \(6,\), one label per image, got"),
            ({"images": marked(10)[:0], "labels": np.ones(0)}, "Expected at least one image with labels, got none"),
            ({"drawn_images": np.full((6, 5, 4, 1), 99)}, r"of one shape, got \(4, 4, 1\) and \(5, 4, 1\)"),
            ({"batch_size": 3}, "Expected batch_size to be even and at least 2, got 3"),
            ({"seed": 0.5}, "Expected seed to be an integer, got 0.5"),
            ({"seed": -1}, "Expected seed to be at least 0, got -1"),
        ],
    )
    def test_bad_input_is_refused(self, originals, drawn, change, message):
        names = ("images", "labels", "drawn_images", "drawn_labels")
        given = dict(zip(names, (*originals, *drawn), strict=True))
        with pytest.raises(InputError, match=message):
            soft_label_batches(**{**given, "batch_size": 4, **change})


def test_judged_batches_are_those_of_noisy_dataset_with_the_posterior_of_each_image():
    labels, posterior = np.repeat([1, 0], [30, 10]), np.linspace(0, 1, 40, dtype=np.float32)
    settings = {"batch_size": 8, "samples_per_epoch": 40, "seed": 3}
    judged = list(judged_batches(marked(40), labels, posterior, **settings))
    for index, (_, its_posterior), seen in zip(
        indices_of(judged), judged, indices_of(noisy_dataset(marked(40), labels, **settings)), strict=True
    ):
        np.testing.assert_array_equal(index, seen)
        np.testing.assert_array_equal(its_posterior, posterior[index])


@pytest.mark.parametrize("posterior", [np.full(39, 0.5), np.full(40, 1.5)])
def test_judged_batches_refuse_a_posterior_that_does_not_fit(posterior):
    with pytest.raises(InputError, match="posterior"):
        judged_batches(marked(40), np.tile([1, 0], 20), posterior)
