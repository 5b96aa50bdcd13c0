import os

import numpy as np
import pytest

from helpers.photographs import pixels, write
from nlgan_tf.data.sources.folder.cache import cache_folder, key_of, load, store
from nlgan_tf.data.sources.folder.reading import read_images


def test_what_is_stored_is_loaded_by_its_key_alone():
    images, kept = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3), np.array([4])
    store("a", images, kept)
    for found, expected in zip(load("a"), (images, kept), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert load("b") is None


def test_a_key_changes_with_files_their_order_and_settings(tmp_path):
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        path.write_bytes(b"1")
    key = key_of(paths, 16)
    assert key_of(paths, 16) == key
    others = [
        key_of(paths[::-1], 16),
        key_of(paths, 20),
        key_of(paths[:1], 16),
        key_of([*paths, tmp_path / "none"], 16),
    ]
    paths[0].write_bytes(b"12")
    assert len({key, *others, key_of(paths, 16)}) == 6
    assert key_of([tmp_path / "a\0b"], 16) != key


def test_the_cache_is_read_until_a_photograph_changes(tmp_path):
    paths = [write(tmp_path / f"{index}.png", index, height=16, width=16) for index in range(2)]
    first = read_images(paths, None, {}).images
    (entry,) = cache_folder().glob("*")
    np.savez(entry, images=255 - first, kept=np.arange(2))
    np.testing.assert_array_equal(read_images(paths, None, {}).images, 255 - first)
    assert read_images(paths, 20, {}).images.shape[1:] == (20, 20, 3)
    write(paths[0], 7, height=16, width=16)
    np.testing.assert_array_equal(read_images(paths, None, {}).images[0], pixels(7, 16, 16))
    assert len(list(cache_folder().glob("*"))) == 3


def test_the_cache_has_what_could_be_read_and_what_failed_is_tried_again(tmp_path):
    paths = [write(tmp_path / f"{index}.png", index, height=16, width=16) for index in range(4)]
    paths[1].write_bytes(b"")
    first = read_images(paths, None, {3: "known"})
    (entry,) = cache_folder().glob("*")
    np.savez(entry, images=255 - first.images, kept=first.kept)
    again = read_images(paths, None, {3: "known"})
    np.testing.assert_array_equal(again.images, 255 - first.images)
    assert (again.kept.tolist(), again.causes) == ([0, 2], {1: "zero bytes", 3: "known"})
    np.savez(entry, images=255 - first.images[:1], kept=[0])  # As if photograph 2 had failed for once.
    np.testing.assert_array_equal(read_images(paths, None, {3: "known"}).images, first.images)
    assert read_images(paths, None, {}).kept.tolist() == [0, 2, 3]


@pytest.mark.parametrize("content", [b"", b"damaged", b"PK\3\4" + bytes(40)])
def test_a_damaged_cache_is_read_again_from_the_photographs(tmp_path, content):
    paths = [write(tmp_path / "a.png", 0, height=16, width=16)]
    first = read_images(paths, None, {}).images
    (entry,) = cache_folder().glob("*")
    entry.write_bytes(content)
    np.testing.assert_array_equal(read_images(paths, None, {}).images, first)
    with np.load(entry) as stored:
        np.testing.assert_array_equal(stored["images"], first)


def test_a_cache_that_cannot_be_written_is_none(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    paths = [write(tmp_path / "a.png", 0, height=16, width=16)]
    np.testing.assert_array_equal(read_images(paths, None, {}).images[0], pixels(0, 16, 16))


def test_the_cache_keeps_the_newest_sixteen(tmp_path):
    path = write(tmp_path / "a.png", 0, height=16, width=16)
    for place, side in enumerate(range(16, 88, 4)):
        read_images([path], side, {})
        for entry in cache_folder().glob("*"):
            os.utime(entry, (entry.stat().st_mtime - 1, entry.stat().st_mtime - 1))
        assert len(list(cache_folder().glob("*.npz"))) == min(place + 1, 16)
    shapes = {np.load(entry)["images"].shape[1] for entry in cache_folder().glob("*")}
    assert shapes == set(range(24, 88, 4))
