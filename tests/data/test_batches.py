import numpy as np
import pytest

from nlgan_tf.data.batches import noisy_dataset


def marked(n: int) -> np.ndarray:
    """n images that carry their index in their first two pixels."""
    images = np.zeros((n, 4, 4, 1), np.uint8)
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
    images = marked(8).astype(np.float64) + 2.5
    batch, _ = next(iter(noisy_dataset(images, np.tile([1, 0], 4), 4, 8)))
    assert batch.dtype.name == "float32"
    assert float(batch[0, 3, 3, 0]) == 2.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 7}, "accepted are even sizes"),
        ({"batch_size": 0}, "accepted are even sizes"),
        ({"samples_per_epoch": 4}, "accepted is one batch or more"),
        ({"noisy_labels": np.repeat([1, 0], [39, 1])}, "39 positives and 1 negatives: at least 2"),
        ({"noisy_labels": np.ones(40)}, "at least 2 of each"),
        ({"noisy_labels": np.zeros(39)}, r"accepted is shape \(40,\)"),
        ({"images": marked(40)[..., 0]}, "accepted is .n, height, width, channels"),
        ({"images": marked(40).astype(np.int32)}, "dtype int32: accepted are uint8"),
        ({"images": marked(40) - 1.0}, "values from -1 to .*: accepted are floats in"),
        ({"images": np.full((40, 4, 4, 1), 256.0)}, "accepted are floats in"),
        ({"images": np.full((40, 4, 4, 1), np.nan)}, "values from nan to nan"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"images": marked(40), "noisy_labels": np.tile([1, 0], 20), "batch_size": 8, **change}
    with pytest.raises(ValueError, match=message):
        noisy_dataset(**arguments)


def test_images_in_0_to_1_draw_a_warning():
    with pytest.warns(UserWarning, match=r"expected in \[0, 255\]"):
        noisy_dataset(np.random.default_rng(0).random((8, 4, 4, 1)), np.tile([1, 0], 4), 4, 8)
