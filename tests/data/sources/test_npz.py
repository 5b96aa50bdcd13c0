import zipfile

import numpy as np
import pytest

import nlgan_tf as nl


class TestNpz:
    def write(self, path, **fields):
        np.savez(path, **fields)
        return f"npz:{path}"

    def test_all_fields_come_back(self, tmp_path, images, labels):
        fields = {
            "images": images,
            "labels": labels,
            "noisy_labels": 1 - labels,
            "test_images": 255 - images[:4],
            "test_labels": labels[:4],
            "subclass_labels": np.arange(40) % 4,
            "class_names": np.array(["ham", "spam"]),
        }
        task = nl.load_task(self.write(tmp_path / "task.npz", **fields))
        for name, value in fields.items():
            np.testing.assert_array_equal(getattr(task, name), value)
        assert task.class_names == ("ham", "spam")

    def test_noisy_labels_alone_are_enough(self, tmp_path, images, labels):
        task = nl.load_task(self.write(tmp_path / "task.npz", images=images, noisy_labels=labels), size=10)
        assert task.labels is None
        assert task.noisy_labels.sum() == 5

    @pytest.mark.parametrize("order", ["F", "C"])
    @pytest.mark.parametrize("dtype", ["uint8", ">i4", ">f4", "<f8"])
    def test_every_layout_of_the_file_gives_the_same_images(self, tmp_path, images, labels, order, dtype):
        stored = np.asarray(images, dtype, order=order)
        task = nl.load_task(self.write(tmp_path / "task.npz", images=stored, labels=labels[:, np.newaxis] == 1))
        assert task.images.flags.c_contiguous
        assert task.images.dtype in (np.uint8, np.float32)
        assert task.images.dtype.isnative
        np.testing.assert_array_equal(task.images, images)
        np.testing.assert_array_equal(task.labels, labels)

    def test_what_is_no_task_is_refused(self, tmp_path, images, labels):
        with pytest.raises(ValueError, match=r"Expected the key images in .*a\.npz; got labels"):
            nl.load_task(self.write(tmp_path / "a.npz", labels=labels))
        with pytest.raises(ValueError, match=r"Expected keys among images, labels, .* in .*b\.npz; got 'lables'"):
            nl.load_task(self.write(tmp_path / "b.npz", images=images, lables=labels))
        (tmp_path / "c.npz").write_bytes(b"PK no archive")
        with pytest.raises(ValueError, match=r"c\.npz to be an \.npz archive"):
            nl.load_task(f"npz:{tmp_path / 'c.npz'}")
        with pytest.raises(ValueError, match=r"to be an \.npz archive of plain arrays"):
            nl.load_task(self.write(tmp_path / "d.npz", images=np.array([{"pickled": 1}], dtype=object)))
        np.save(tmp_path / "e.npz.npy", images)
        with pytest.raises(ValueError, match=r"to be an \.npz archive"):
            nl.load_task(f"npz:{tmp_path / 'e.npz.npy'}")
        with pytest.raises(ValueError, match="Expected class_names to be two different names"):
            nl.load_task(self.write(tmp_path / "f.npz", images=images, labels=labels, class_names=np.array("one")))
        shared = {"images": images, "labels": labels, "test_images": images[:4], "test_labels": labels[:4]}
        with pytest.raises(ValueError, match="Expected no test image among the training images, got 4"):
            nl.load_task(self.write(tmp_path / "g.npz", **shared))
        with zipfile.ZipFile(tmp_path / "h.npz", "w") as archive:
            archive.writestr("readme.txt", "no array")
        with pytest.raises(ValueError, match=r"Expected keys among images, .* got 'readme.txt'"):
            nl.load_task(f"npz:{tmp_path / 'h.npz'}")

    def test_paths_without_a_file_are_one_clear_line(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"keys images, labels.*; got .*none\.npz, which does not exist"):
            nl.load_task(f"npz:{tmp_path / 'none.npz'}")
        with pytest.raises(ValueError, match=r"Expected npz:PATH of a file with the keys images.*; got the folder "):
            nl.load_task(f"npz:{tmp_path}")

    def test_errors_name_the_array_and_how_to_mend_it(self, tmp_path, images, labels):
        fields = {"images": images, "labels": labels, "test_labels": labels[:4]}
        for bad, message in (
            (images[:4] / 255, "^Expected test_images .* 1: multiply the test_images by 255, or give scale=255$"),
            (images[:4] * np.nan, "^Expected test_images without NaN, got NaN in 4 of 4 images"),
            (
                images[:4] * 1j,
                "dtype complex128 .*: test_images.real leaves",
            ),
            (
                images[:4].astype(np.uint16) * 257,
                ": test_images // 257 maps images of 16 bits$",
            ),
        ):
            with pytest.raises(nl.InputError, match=message):
                nl.load_task(self.write(tmp_path / "task.npz", **fields, test_images=bad))

    def test_one_array_and_a_link_to_itself_are_refused_in_one_line(self, tmp_path, images):
        np.save(tmp_path / "one.npy", images)
        (tmp_path / "one.npy").rename(tmp_path / "one.npz")
        with pytest.raises(nl.InputError, match=r"got one array as np.save writes it: np.savez\('one.npz', [^\n]*$"):
            nl.load_task(f"npz:{tmp_path / 'one.npz'}")
        (tmp_path / "loop.npz").symlink_to(tmp_path / "loop.npz")
        with pytest.raises(nl.InputError, match=r"^Expected npz:PATH of a file, got .*loop.npz, a symbolic link that "):
            nl.load_task(f"npz:{tmp_path / 'loop.npz'}")
