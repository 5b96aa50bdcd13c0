import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.entries import Entries, entries_of


def pictures(*numbers) -> np.ndarray:
    """One image a number, equal where the numbers are."""
    return np.array(numbers, np.uint8).reshape(-1, 1, 1, 1)


def test_repeated_images_count_once_where_each_has_one_label():
    counted, entries = entries_of(pictures(5, 7, 5, 9, 7, 5), np.array([1, 0, 1, 1, 0, 1]))
    assert counted.tolist() == [0, 1, 3]
    assert entries.labels.tolist() == [1, 0, 1]
    assert len(set(entries.images)) == 3


def test_every_label_counts_where_annotators_differ():
    # Image 5 has three labels, image 7 two equal ones, image 9 one.
    counted, entries = entries_of(pictures(5, 7, 5, 9, 7, 5), np.array([1, 0, 0, 1, 0, 1]))
    assert counted.tolist() == [0, 0, 1, 1, 2, 3]
    assert entries.labels.tolist() == [1, 1, 0, 0, 0, 1]
    assert [entries.images.tolist().count(image) for image in entries.images] == [3, 3, 2, 2, 3, 1]


@pytest.mark.parametrize("times", [(1, 1), (3, 3), (7, 2)])
def test_repetition_of_a_whole_class_changes_nothing(rng, times):
    numbers, labels = np.array([5, 5, 7, 7, 9, 9, 9, 11]), np.array([1, 1, 1, 0, 0, 0, 1, 0])
    _, once = entries_of(pictures(*numbers), labels)
    repeated = rng.permutation(np.repeat(np.arange(8), np.where(labels == 1, *times)))
    counted, entries = entries_of(pictures(*numbers[repeated]), labels[repeated])
    found = sorted(zip(numbers[repeated][counted], entries.labels, strict=True))
    assert found == sorted(zip(numbers, labels, strict=True))
    assert sorted(entries.labels) == sorted(once.labels)


def test_images_are_compared_by_value():
    images = np.concatenate([pictures(5), pictures(5)]).astype(np.float32)
    images[1] += 1e-5
    assert entries_of(images, np.array([1, 1]))[0].tolist() == [0]


def test_what_is_not_accepted():
    with pytest.raises(nl.InputError):
        entries_of(np.full((2, 1, 1, 1), np.nan), np.array([0, 1]))


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_the_entries_of_an_image_are_in_one_fold_and_labels_in_all(rng, folds):
    images = np.repeat(np.arange(60), rng.integers(1, 4, 60))
    labels = rng.integers(0, 2, len(images))
    splits = Entries(labels, images).splits(folds, seed=0)
    assert sorted(np.concatenate([held for _, held in splits])) == list(range(len(images)))
    for train, held in splits:
        assert not set(images[train]) & set(images[held])
        assert set(labels[train]) == set(labels[held]) == {0, 1}
    again, other = (Entries(labels, images).splits(folds, seed)[0][1] for seed in (0, 1))
    assert np.array_equal(splits[0][1], again)
    assert not np.array_equal(splits[0][1], other)


@pytest.mark.parametrize("folds", [1, 4])
def test_a_label_has_at_least_as_many_images_as_there_are_folds(folds):
    entries = Entries(np.array([1, 1, 1, 1, 1, 0, 0, 0, 0]), np.array([0, 0, 0, 1, 2, 3, 4, 5, 6]))
    with pytest.raises(nl.InputError, match=f"Expected folds to be from 2 to 3, .* got {folds}"):
        entries.splits(folds, seed=0)


def test_a_resample_draws_images_with_all_their_entries(rng):
    labels, images = np.array([1, 1, 0, 0, 1, 0, 1]), np.array([8, 8, 3, 3, 5, 6, 6])
    entries = Entries(labels, images)
    for _ in range(20):
        chosen = entries.resample(rng)
        counts = {image: (images[chosen] == image).sum() for image in set(images)}
        # Images 8 and 5 have label 1 alone, image 3 label 0 alone, image 6 both.
        assert counts[3] == counts[6] == 2
        assert counts[8] / 2 + counts[5] == 2
        assert all(counts[image] % 2 == 0 for image in (8, 3, 6))


def test_different_images_are_resampled_label_by_label(rng):
    labels = np.array([0, 1, 0, 1, 0])
    chosen = Entries(labels, np.arange(5)).resample(np.random.default_rng(0))
    expected = np.random.default_rng(0)
    by_label = [expected.choice(np.flatnonzero(labels == label), count) for label, count in ((1, 2), (0, 3))]
    assert chosen.tolist() == np.concatenate(by_label).tolist()


@pytest.mark.parametrize(
    ("labels", "expected", "rare"),
    [
        ([1, 0, 1, 0], [0, 1, 2, 3], False),
        ([1, 0, 0], [0, 0, 1, 2], True),
        ([1, 0, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 2, 3, 4, 5], True),
        ([1, 0, 1, 0, 0], [0, 1, 2, 3, 4], False),
    ],
)
def test_the_rarer_label_is_repeated_in_whole_times(labels, expected, rare):
    entries = Entries(np.array(labels), np.arange(len(labels)))
    assert entries.evened(np.arange(len(labels))).tolist() == expected
    assert entries.one_is_rare == rare
    assert entries.fewest_images == min(labels.count(0), labels.count(1))
