import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.rewound import rewinding
from nlgan_tf.errors import InputError
from nlgan_tf.gan.batches import check_image_set, check_set, refusals_of_batches

SHAPE = (8, 8, 1)


def batches(*parts, size: int = 8) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0]).batch(size)


def read(dataset: tf.data.Dataset) -> list:
    with refusals_of_batches():
        return list(dataset.as_numpy_iterator())


def of_unknown_shape(images: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    specs = tf.TensorSpec(None, images.dtype), tf.TensorSpec(None, labels.dtype)
    return tf.data.Dataset.from_generator(lambda: iter([(images, labels)]), output_signature=specs)


def test_batches_that_are_accepted_pass_unchanged(images, labels):
    plain, checked = (nl.noisy_dataset(images, labels, 16, 64, seed=3) for _ in range(2))
    for (x, y), (seen, its_labels) in zip(plain, check_set(checked, SHAPE), strict=True):
        assert seen.dtype == tf.uint8
        np.testing.assert_array_equal(seen, x)
        np.testing.assert_array_equal(its_labels, y)


def test_a_set_shuffles_in_the_order_that_it_would_have_had(images, labels):
    def orders(check) -> list:
        dataset = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(40, seed=1).batch(8)
        return [[y.tolist() for _, y in check(dataset).as_numpy_iterator()] for _ in range(2)]

    assert orders(lambda dataset: check_set(dataset, SHAPE)) == orders(lambda dataset: dataset)


@pytest.mark.parametrize("labels_of", [lambda y: y == 1, lambda y: y.astype(np.float32), lambda y: y[:, np.newaxis]])
def test_labels_become_an_integer_vector(images, labels, labels_of):
    (_, first), *_ = read(check_set(batches(images, labels_of(labels)), SHAPE))
    assert first.dtype == np.int64
    np.testing.assert_array_equal(first, labels[:8])


def test_grey_images_without_channels_and_unknown_shapes_get_theirs(images, labels):
    for dataset in (batches(images[..., 0], labels, size=40), of_unknown_shape(images, labels)):
        checked = check_set(dataset, SHAPE)
        assert checked.element_spec[0].shape.as_list() == [None, *SHAPE]
        np.testing.assert_array_equal(read(checked)[0][0], images)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x, y: batches(x), "Expected a tf.data set of batches (images, labels), got images alone"),
        (
            lambda x, y: batches(x, y, np.ones(40)),
            "Expected a tf.data set of batches (images, labels), got weights as a third part",
        ),
        (
            lambda x, y: batches({"x": x, "y": y}),
            "Expected a tf.data set of batches (images, labels), got elements of dict",
        ),
        (
            lambda x, y: tf.data.Dataset.from_tensor_slices((x, y)),
            "Expected batches of images of shape (n, 8, 8, 1), got (8, 8, 1): call .batch(128) on the set",
        ),
        (lambda x, y: batches(x[:, :4], y), "Expected batches of images of shape (n, 8, 8, 1), got (None, 4, 8, 1)"),
        (
            lambda x, y: batches(x.reshape(-1, 1, 8, 8), y),
            "Expected batches of images of shape (n, 8, 8, 1), got (None, 1, 8, 8): "
            "tf.transpose(images, [0, 2, 3, 1]) puts channels last",
        ),
        (lambda x, y: batches(x > 9, y), "Expected images of uint8, or floats in [0, 255], got bool"),
        (
            lambda x, y: batches(x, np.where(y, "a", "b")),
            "Expected labels 0 (negative) and 1 (positive), got string",
        ),
        (lambda x, y: batches(x, np.eye(2)[y]), "Expected batches of labels of shape (n,), got (None, 2)"),
        (lambda x, y: batches(x, {"clean": y}), 'Expected labels, or {"noisy": ..., "clean": ...}, got the keys clean'),
    ],
)
def test_other_parts_shapes_and_types_are_refused_before_any_batch(images, labels, make, message):
    with pytest.raises(InputError) as refusal:
        check_set(make(images, labels), SHAPE)
    assert str(refusal.value) == message


BAD_VALUES = [
    (lambda x, y: (x, y + 1), "Expected labels 0 (negative) and 1 (positive), got 2"),
    (lambda x, y: (x, 2 * y - 1), "Expected labels 0 (negative) and 1 (positive), got -1"),
    (lambda x, y: (x, y * 0.5), "Expected labels 0 (negative) and 1 (positive), got 0.5"),
    (lambda x, y: (x, np.where(y, np.nan, 0)), "Expected labels 0 (negative) and 1 (positive), got nan"),
    (lambda x, y: (x, {"noisy": y, "clean": y + 1}), "Expected labels 0 (negative) and 1 (positive), got 2"),
    (
        lambda x, y: (x / np.float32(510), y),
        "Expected images in [0, 255], got a largest value of 0.5: multiply the images by 255",
    ),
    (
        lambda x, y: (x / np.float32(204), y),
        "Expected images in [0, 255], got a largest value of 1.25: "
        "tf.clip_by_value(images, 0, 1) * 255 maps images from [0, 1]",
    ),
    (lambda x, y: (x // 255, y), "Expected images in [0, 255], got a largest value of 1: multiply the images by 255"),
    (lambda x, y: (x / np.float32(127.5) - 1, y), "Expected images in [0, 255], got values from -1 to 1"),
    (lambda x, y: (x.astype(np.int64) + 1, y), "Expected images in [0, 255], got values from 1 to 256"),
    (lambda x, y: (np.full(x.shape, np.nan), y), "Expected images in [0, 255], got values from nan to nan"),
]


@pytest.fixture
def pixels(images) -> np.ndarray:
    """Images of 0 and 255 in each batch."""
    images[::8, 0, 0], images[::8, 0, 1] = 0, 255
    return images


@pytest.mark.parametrize(("spoil", "message"), BAD_VALUES)
def test_values_out_of_range_are_refused_as_they_are_read(pixels, labels, spoil, message):
    with pytest.raises(InputError) as refusal:
        read(check_set(batches(*spoil(pixels, labels)), SHAPE))
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x, y: (x[:, :4], y), "Expected batches of images of shape (n, 8, 8, 1), got [40 4 8 1]"),
        (lambda x, y: (x[..., 0], y), "Expected batches of images of shape (n, 8, 8, 1), got [40 8 8]"),
        (lambda x, y: (x, y[:7]), "Expected one label per image, got 7 labels for 40 images"),
    ],
)
def test_shapes_that_were_unknown_are_checked_as_they_are_read(images, labels, spoil, message):
    with pytest.raises(InputError) as refusal:
        read(check_set(of_unknown_shape(*spoil(images, labels)), SHAPE))
    assert str(refusal.value) == message


def test_images_to_predict_may_be_nearly_black_and_need_no_labels(images, labels):
    black = images // 255
    for dataset in (batches(black), batches(black, labels + 1), batches(black, labels, np.ones(40))):
        np.testing.assert_array_equal(np.concatenate(read(check_image_set(dataset, SHAPE))), black)
    with pytest.raises(InputError, match="got a largest value of 1: multiply the images by 255"):
        read(check_image_set(batches(black.astype(np.float32)), SHAPE))


def test_other_errors_of_tensorflow_are_left_alone(images, labels):
    dataset = batches(images, labels).map(lambda x, y: (x, tf.ensure_shape(tf.repeat(y, tf.shape(x)[0]), (3,))))
    with pytest.raises(tf.errors.InvalidArgumentError):
        read(check_set(dataset, SHAPE))


@pytest.mark.parametrize("settings", [{}, {"steps_per_execution": 2}, {"run_eagerly": True}], ids=str)
def test_nothing_is_learned_from_a_batch_that_is_refused(tiny_model, images, labels, settings):
    model = tiny_model()
    model.compile(**settings)
    # Of the types that are accepted, so that what is traced for the one serves the other.
    for spoilt, message in (
        (batches(images, labels + 1), r"^Expected labels 0[^\n]*$"),
        (batches(images // 255, labels), r"^Expected images in[^\n]*$"),
    ):
        before = model.get_weights()
        for act in (model.fit, model.evaluate):
            with pytest.raises(InputError, match=message):
                act(spoilt, verbose=0)
            for mine, its_before in zip(model.get_weights(), before, strict=True):
                np.testing.assert_array_equal(mine, its_before)
        with pytest.raises(InputError, match=message):
            model.fit(images, labels, validation_data=spoilt, verbose=0)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_set_of_unknown_length_trains_as_one_of_known_length(tiny_model, images, labels):
    model = tiny_model()
    rewind = rewinding(model)

    def trained(dataset: tf.data.Dataset) -> list[np.ndarray]:
        rewind()
        model.fit(dataset, epochs=3, verbose=0)
        assert int(model.step) == int(model.d_optimizer.iterations) == 15
        return model.get_weights()

    known = batches(images, labels)
    unknown = known.filter(lambda *_: True)
    for mine, theirs in zip(trained(unknown), trained(known), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_predict_takes_a_set_of_images_alone_or_with_labels(tiny_model, images, labels):
    model = tiny_model()
    expected = model.predict(images, batch_size=8, verbose=0)
    for dataset in (batches(images), batches(images, labels), batches(images, labels, np.ones(40))):
        np.testing.assert_array_equal(model.predict(dataset, verbose=0), expected)


def test_estimation_reads_a_checked_set(tiny_model, images, labels):
    model = tiny_model()
    model.priors = "estimate"
    with pytest.raises(InputError, match=r"^Expected labels 0 \(negative\) and 1 \(positive\), got 2$"):
        model.fit(batches(images, labels + 1), verbose=0)
