import numpy as np
import pytest

from nlgan_tf.data.checks import check_batches, check_images, check_integer, check_labels, check_training_images
from nlgan_tf.errors import InputError


class TestImages:
    def test_contiguous_uint8_passes_as_it_is(self, images):
        assert check_images(images) is images
        assert check_training_images(images) is images

    @pytest.mark.parametrize(
        "dtype", ["uint8", "int8", "int16", ">i4", "int64", "uint64", "float16", ">f4", "float32", "float64"]
    )
    @pytest.mark.parametrize("layout", ["C", "F", "sliced", "reversed", "read-only", "mapped"])
    def test_each_dtype_and_layout_gives_the_same_native_contiguous_array(self, images, tmp_path, dtype, layout):
        images = images // 2  # As int8 ends at 127.
        given = np.asarray(images, dtype, order="F" if layout == "F" else "C")
        if layout == "sliced":
            given = np.repeat(np.repeat(given, 2, axis=2), 3, axis=0)[::3, :, ::2]
        elif layout == "reversed":
            given = given[::-1, ::-1].copy()[::-1, ::-1]
        elif layout == "read-only":
            given.setflags(write=False)
        elif layout == "mapped":
            np.save(tmp_path / "images.npy", given)
            given = np.load(tmp_path / "images.npy", mmap_mode="r")
        checked = check_images(given)
        assert checked.dtype == (np.float32 if "f" in given.dtype.kind else np.uint8)
        assert checked.dtype.isnative
        assert checked.flags.c_contiguous
        assert checked.tobytes() == images.astype(checked.dtype).tobytes()

    def test_all_that_is_an_array_of_images_is_converted(self, images):
        import tensorflow as tf
        from PIL import Image

        gray = images[..., 0]
        accepted = {
            "without channels": gray,
            "list": list(images),
            "tuple": tuple(gray),
            "nested lists": images.tolist(),
            "tensor": tf.constant(images),
            "list of tensors": [tf.constant(image) for image in images],
            "pictures": [Image.fromarray(image) for image in gray],
            "masked, nowhere": np.ma.masked_array(images, mask=False),
        }
        for name, given in accepted.items():
            checked = check_images(given, shape=(8, 8, 1))
            assert type(checked) is np.ndarray, name
            assert checked.dtype == np.uint8, name
            np.testing.assert_array_equal(checked, images, err_msg=name)

    def test_bfloat16_becomes_float32(self, images):
        import tensorflow as tf

        checked = check_images(tf.cast(images, tf.bfloat16))
        assert checked.dtype == np.float32
        np.testing.assert_allclose(checked, images, rtol=2**-8)

    def test_what_is_no_array_of_images_is_one_line(self, images):
        import pandas as pd
        import tensorflow as tf
        from scipy.sparse import csr_matrix

        accepted = r"Expected images of shape \(n, height, width, channels\) or \(n, height, width\), got "
        refused = [
            ("image.png", accepted + "str$"),
            (["a.png", "b.png"], accepted + "list of dtype <U5 of shape"),
            ({"a": images}, accepted + "dict$"),
            (iter(images), accepted + ".*iterator$"),
            (None, accepted + "NoneType$"),
            ([], accepted + r"shape \(0,\)$"),
            (pd.DataFrame(images.reshape(40, -1)), accepted + r"DataFrame of shape \(40, 64\)$"),
            (pd.Series(list(images)), accepted + "Series of dtype object"),
            (np.array([{}, {}]), accepted + "ndarray of dtype object"),
            (tf.data.Dataset.from_tensor_slices(images), accepted + ".*Dataset$"),
            (tf.ragged.constant([[1], [1, 2]]), accepted + "RaggedTensor$"),
            (tf.sparse.from_dense([[1, 0]]), accepted + "SparseTensor$"),
            (images.reshape(40, -1), accepted + r"shape \(40, 64\)$"),
            (images[np.newaxis], accepted + r"shape \(1, 40, 8, 8, 1\)$"),
            (images[0], accepted + r"shape \(8, 8, 1\): images\[np.newaxis\] is a batch of one image$"),
            (csr_matrix(images.reshape(40, -1)), r"dense array, got csr_matrix: images.toarray\(\)$"),
            ([images[0], images[1][:4]], r"as arrays of one shape, got shapes \(4, 8, 1\), \(8, 8, 1\)$"),
            ([images[0], images[1][..., 0]], r"as arrays of one shape, got shapes \(8, 8\), \(8, 8, 1\)$"),
            ([[1, 2], [3]], "as arrays of one shape, got list$"),
            (images > 9, r"got bool: images.astype\('uint8'\) \* 255$"),
            (
                images.astype(complex),
                r"\[0, 255\], got ndarray of dtype complex128 of shape .*: images.real leaves out",
            ),
            (images.astype("M8[s]"), r"Expected images as integers or floats in \[0, 255\], got "),
            (np.ma.masked_array(images, images == images[0, 0, 0]), "without missing values, got [0-9]+ masked ones$"),
        ]
        for given, message in refused:
            with pytest.raises(InputError, match=message) as raised:
                check_images(given)
            assert "\n" not in str(raised.value)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda images: images.astype(int) - 1, r"Expected images in \[0, 255\], got values from -1 to 25[0-4]$"),
            (lambda images: images.astype(int) + 255, r"Expected images in \[0, 255\], got values from 255 to 510$"),
            (lambda images: images - 1.0, r"got values from -1 to 254$"),
            (lambda images: images + 0.5, r"got values from 0.5 to 255.5$"),
            (lambda images: images / 127.5 - 1, r"from -1 to 1: \(images \+ 1\) \* 127.5 maps images from \[-1, 1\]$"),
            (lambda images: images * np.nan, r"without NaN, got NaN in 40 of 40 images: .*np.nan_to_num\(images\)$"),
            (lambda images: np.where(images == images[3, 0, 0], np.nan, images), "got NaN in [0-9]+ of 40 images: "),
            (lambda images: images.astype(np.uint16) * 257, "from 0 to 6[0-9]+: images // 257 maps images of 16 bits$"),
            (lambda images: images + np.inf, "got values from inf to inf$"),
            (lambda images: images / 255, "got a largest value of 1: multiply the images by 255$"),
            (lambda images: (images / 300).astype(np.float16), "got a largest value of 0.85.*: multiply the images by"),
            (
                lambda images: images * np.float32(1.026 / 255),
                r"got a largest value of 1.0.*: np.clip\(images, 0, 1\) \* 255 maps images from \[0, 1\]$",
            ),
            (lambda images: (images > 9) * 1.0, "got a largest value of 1: multiply"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
    def test_values_out_of_range_are_refused(self, images, change, message):
        with pytest.raises(InputError, match=message):
            check_images(change(images))

    def test_images_of_another_shape_are_refused(self, images):
        with pytest.raises(InputError, match=r"Expected images of shape \(n, 8, 4, 1\), got shape \(40, 8, 8, 1\)$"):
            check_images(images, shape=(8, 4, 1))
        with pytest.raises(InputError, match=r"shape \(n, 8, 8, 3\), got shape \(40, 8, 8, 1\)$"):
            check_images(images[..., 0], shape=(8, 8, 3))

    def test_black_images_and_no_images_are_accepted(self, images):
        for dtype in (np.uint8, np.int64, np.float32):
            assert not check_images(0 * images[:3].astype(dtype)).any()
            assert check_images(images[:0].astype(dtype)).shape == (0, 8, 8, 1)

    def test_integers_0_and_1_may_be_predicted_but_not_learned(self, images):
        binary = (images > 9).astype(np.uint8)
        assert check_images(binary) is binary
        for dtype in (np.uint8, np.int64):
            with pytest.raises(InputError, match=r"got a largest value of 1: multiply the images by 255$"):
                check_training_images(binary.astype(dtype))
        np.testing.assert_array_equal(check_training_images(binary, scale=255), 255 * binary)
        assert not check_training_images(0 * binary).any()

    def test_training_images_of_a_low_range_give_a_warning(self, images):
        from sklearn.datasets import load_digits

        line = r"^Images in \[0, 255\] are expected; the largest value is 16: images \* 15.9, or scale=15.9 where "
        for low in (load_digits().images, load_digits().images.astype(int), (images // 16 + 1)):
            with pytest.warns(UserWarning, match=line):
                checked = check_training_images(low)
            assert checked.max() == 16
        with pytest.warns(UserWarning, match="the largest value is 64: images .* 3.9, "):
            check_training_images(np.minimum(images, 64))
        # Neither a warning nor a refusal: the tests make errors of warnings.
        check_training_images(np.minimum(images, 65))
        check_training_images(load_digits().images, scale=15.9)
        check_images(load_digits().images)

    def test_names_and_remedies_are_those_of_the_caller(self, images):
        with pytest.raises(
            InputError, match=r"^Expected test_images in .*: multiply the test_images by 255, or give sc"
        ):
            check_training_images(images / 255, name="test_images", takes_scale=True)
        with pytest.raises(InputError, match=r": np.moveaxis\(images, 1, -1\) puts channels last$"):
            check_images(np.zeros((4, 3, 16, 8), np.uint8), shape=(16, 8, 3))


class TestScale:
    def test_fractions_of_255_become_the_uint8_images_that_they_were(self, images):
        for fractions in (images / 255, (images / 255).astype(np.float32), np.asfortranarray(images / 255)[::-1][::-1]):
            scaled = check_images(fractions, scale=255)
            assert scaled.dtype == np.uint8
            assert scaled.tobytes() == images.tobytes()

    def test_other_fractions_stay_floats(self, images):
        scaled = check_images(images / 510, scale=255)
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, images / 2, rtol=1e-6)
        np.testing.assert_array_equal(check_images(images // 16, scale=15), images // 16 * 15)

    @pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), True, "255", 1j])
    def test_a_scale_that_is_none_is_refused(self, images, scale):
        with pytest.raises(InputError, match="Expected scale to be a finite number above 0, got "):
            check_images(images, scale=scale)

    def test_a_scale_that_does_not_fit_is_refused(self, images):
        with pytest.raises(InputError, match=r"images times scale=255 in \[0, 255\], got values from 0 to 65025"):
            check_images(images, scale=255)
        with pytest.raises(InputError, match=r"without NaN, got NaN in 40 of 40 images"):
            check_images(images * np.nan, scale=255)
        with pytest.raises(InputError, match=r"got a largest value of 0.85"):
            check_images(images / 300, scale=1)


class TestLabels:
    def test_zeros_and_ones_of_every_type_are_accepted(self):
        import pandas as pd
        import tensorflow as tf

        labels = [0, 1, 1, 0, 1]
        accepted = [
            labels,
            tuple(labels),
            np.array(labels, ">i4"),
            np.array(labels, np.uint8),
            np.array(labels, bool),
            np.array(labels, np.float32),
            np.array(labels, object),
            np.array(labels)[:, np.newaxis],
            np.repeat(labels, 2)[::2],
            tf.constant(labels),
            [tf.constant(label) for label in labels],
            pd.Series(labels, index=range(5, 10)),
            pd.DataFrame({"label": labels}),
            pd.array(labels, dtype="Int64"),
        ]
        for given in accepted:
            checked = check_labels(given, length=5)
            assert checked.dtype == np.int64
            assert checked.flags.c_contiguous
            assert checked.tolist() == labels

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ([-1, 1, -1, 1], r"got -1: map labels by \(labels \+ 1\) // 2$"),
            ([-1.0, 1.0], r"got -1.0: map labels by \(labels \+ 1\) // 2$"),
            ([1, 2, 2, 1], "got 2: map labels by labels - 1$"),
            ([0, 1, 2], r"got 2: map labels by np.isin\(labels, POSITIVES\), with the positive classes as POSITIVES$"),
            (range(9), r"got 2, 3, 4, 5, 6, ...: map labels by np.isin"),
            ([0, 1, 0.5], "got 0.5: map labels by labels > 0.5$"),
            (["cat", "dog", "dog"], r"got 'cat', 'dog': map labels by np.array\(labels\) == 'dog', for example$"),
            (["0", "1"], r"got '0', '1': map labels by np.array\(labels\) == '1', for example$"),
            ([b"a", b"b"], "got b'a', b'b': map labels by"),
            ([0, 1, {}], "got {}: map labels by"),
            (np.array([0, 1], complex), r"got 0j, \(1\+0j\): map labels by"),
            ([0, 1, None], r"got missing labels \(None or NaN\): leave out their images$"),
            ([0, 1, float("nan")], r"got missing labels \(None or NaN\): leave out their images$"),
            (["a", None], r"got missing labels \(None or NaN\): leave out their images$"),
        ],
    )
    def test_other_labels_are_refused_with_their_mapping(self, bad, message):
        with pytest.raises(InputError, match=r"^Expected labels 0 \(negative\) and 1 \(positive\), " + message):
            check_labels(bad)

    def test_missing_labels_of_pandas_and_of_masks_are_refused(self):
        import pandas as pd

        for missing in (pd.array([0, 1, None], dtype="Int64"), pd.Series([0, 1, None])):
            with pytest.raises(InputError, match=r"got missing labels \(None or NaN\)"):
                check_labels(missing)
        with pytest.raises(InputError, match="Expected labels without missing values, got 1 masked ones"):
            check_labels(np.ma.masked_array([0, 1, 0, 1], [True, False, False, False]))

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ([[0, 1], [1, 0]], r"of one dimension, got shape \(2, 2\): labels.argmax\(axis=1\) of one-hot labels"),
            ([[0, 1, 0]], r"of one dimension, got shape \(1, 3\)$"),
            (1, "of one dimension, got int$"),
            ("0101", "of one dimension, got str$"),
            ({0: 1}, "of one dimension, got dict$"),
            ({0, 1}, "of one dimension, got set$"),
            ([[0], [1, 0]], "as one label per image, got list$"),
        ],
    )
    def test_what_is_no_vector_of_labels_is_refused(self, bad, message):
        with pytest.raises(InputError, match="^Expected labels " + message):
            check_labels(bad)

    def test_the_length_and_the_classes_are_counted(self):
        with pytest.raises(
            InputError, match=r"Expected labels of shape \(5,\), one label per image, got shape \(4,\)$"
        ):
            check_labels([0, 1, 0, 1], length=5)
        with pytest.raises(InputError, match=r"Expected at least 2 positives and 2 negatives in labels, got 3 and 1$"):
            check_labels([1, 1, 1, 0])
        with pytest.raises(InputError, match=r"Expected at least 5 positives and 5 negatives in labels, got 4 and 40$"):
            check_labels(np.repeat([1, 0], [4, 40]), minimum_per_class=5)
        assert check_labels([1, 1, 1], minimum_per_class=0).tolist() == [1, 1, 1]

    def test_errors_name_the_labels(self):
        with pytest.raises(InputError, match=r"^Expected test_labels 0 .*: map test_labels by test_labels - 1$"):
            check_labels([1, 2], name="test_labels")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((7, 700), "Expected batch_size to be even and at least 2, got 7"),
        ((0, 700), "Expected batch_size to be even and at least 2, got 0"),
        ((-2, 700), "Expected batch_size to be even and at least 2, got -2"),
        ((8, 4), "Expected samples_per_epoch to be at least batch_size=8, got 4"),
        ((8.0, 16), "Expected batch_size to be an integer, got 8.0"),
        ((8, "16"), "Expected samples_per_epoch to be an integer, got '16'"),
    ],
)
def test_batches_that_cannot_be_are_refused(sizes, message):
    with pytest.raises(InputError, match=message):
        check_batches(*sizes)


def test_integers_are_counted_from_the_least():
    check_integer("seed", np.int64(0), least=0)
    with pytest.raises(InputError, match="Expected seed to be at least 0, got -1"):
        check_integer("seed", -1, least=0)
    with pytest.raises(InputError, match="Expected seed to be an integer, got None"):
        check_integer("seed", None)
