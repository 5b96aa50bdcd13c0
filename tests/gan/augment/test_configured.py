import dataclasses

import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment.affine import RandomAffine
from nlgan_tf.gan.augment.colour import RandomColour
from nlgan_tf.gan.augment.configured import SHARE, STRENGTH, Configured
from nlgan_tf.gan.augment.cutout import RandomCutout
from nlgan_tf.gan.augment.policy import Policy

AUGMENTATIONS = (
    RandomAffine(rotation=3.0, fill="reflect", flip=True, probability=0.5),
    RandomColour(brightness=0.1, contrast=0.7),
    RandomCutout(0.3, fill=-1.0),
)


def test_these_and_policies_of_them_are_all_that_keras_saves_by_their_fields():
    assert {type(augmentation) for augmentation in AUGMENTATIONS} | {Policy} == {*Configured.__subclasses__()}


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=lambda one: type(one).__name__)
def test_keras_saves_the_fields_and_loads_an_equal_one(augmentation):
    saved = keras.saving.serialize_keras_object(augmentation)
    assert saved["config"] == dataclasses.asdict(augmentation)
    assert keras.saving.deserialize_keras_object(saved) == augmentation


@pytest.mark.parametrize(
    ("option", "refused", "message"),
    [(STRENGTH, -0.1, "at least 0; got -0.1"), (SHARE, 1.1, "at least 0 and at most 1; got 1.1")],
)
def test_sizes_and_shares_are_refused_out_of_their_range(option, refused, message):
    option.check("rotation", 0.5)
    with pytest.raises(InputError, match=message):
        option.check("rotation", refused)
