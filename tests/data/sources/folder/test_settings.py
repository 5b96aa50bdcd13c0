import pytest

from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.errors import InputError


@pytest.mark.parametrize("size", [None, 4, 40])
def test_sizes_that_the_networks_take(size):
    assert Reading(image_size=size).image_size == size


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (30, "Expected image_size to be a multiple of 4, got 30"),
        (0, "Expected image_size to be at least 4, got 0"),
        (-8, "Expected image_size to be at least 4, got -8"),
        (8.0, "Expected image_size to be an integer, got 8.0"),
        ("32", "Expected image_size to be an integer, got '32'"),
    ],
)
def test_others_are_refused(size, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        Reading(image_size=size)
