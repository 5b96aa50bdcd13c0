import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.export.replay import RECORDS, deviations, full_float32, read_records


def png(*values: int) -> np.ndarray:
    """Images of one value each, as PNG."""
    return np.array([tf.io.encode_png(np.full((2, 2, 1), value, np.uint8)).numpy() for value in values], object)


def test_deviations_are_relative_to_the_range_of_an_output():
    images = np.array([[0.0, 255.0]], np.float32)
    probability = np.array([0.25], np.float32)
    found = deviations(
        {"images": images + 2.55, "probability": probability - 0.125, "png_bytes": png(10, 53)},
        {"images": images, "probability": probability, "png_bytes": png(11, 50)},
    )
    assert found == {"images": pytest.approx(0.01), "probability": 0.125, "png_bytes": pytest.approx(2 / 255)}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_differs_from_every_number(value):
    one, other = np.array([value], np.float32), np.array([0.5], np.float32)
    assert deviations({"probability": one}, {"probability": other})["probability"] >= 1
    assert deviations({"probability": other}, {"probability": one})["probability"] >= 1


def test_another_shape_differs():
    assert deviations({"label": np.array([1, 0])}, {"label": np.array([1])}) == {"label": 1.0}


def test_another_label_differs_by_how_sure_the_keras_model_is():
    expected = {
        "probability": np.array([0.9, 0.50001, 0.2], np.float32),
        "label": np.array([1, 1, 0]),
        "class_name": np.array([b"spam", b"spam", b"ham"], object),
    }
    undecided = {**expected, "label": np.array([1, 0, 0]), "class_name": np.array([b"spam", b"ham", b"ham"], object)}
    found = deviations(undecided, expected)
    assert found["label"] == found["class_name"] == pytest.approx(2e-5, rel=0.05)
    assert deviations({**expected, "label": np.array([0, 1, 0])}, expected)["label"] == pytest.approx(0.8)
    assert deviations({"label": np.array([0])}, {"label": np.array([1])}) == {"label": 1.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "got: "), (b"", "got an empty file"), (b"no records at all, but some bytes", "got: ")],
)
def test_a_file_without_records_is_refused(tmp_path, content, message):
    (tmp_path / RECORDS).parent.mkdir()
    if content is not None:
        (tmp_path / RECORDS).write_bytes(content)
    with pytest.raises(ValueError, match=f"Expected warm-up records in .*{RECORDS.name}, {message}"):
        list(read_records(tmp_path))


def test_full_float32_ends_with_its_block():
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    before = enabled()
    with full_float32():
        assert not enabled()
    assert enabled() == before
