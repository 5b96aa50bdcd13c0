import dataclasses

import pytest

from nlgan_tf.config import StageOneConfig, StageTwoConfig, options, policy_for


@pytest.mark.parametrize("config", [StageOneConfig, StageTwoConfig])
def test_every_setting_has_an_option_that_accepts_its_default_and_its_search_range(config):
    assert list(options(config)) == [item.name for item in dataclasses.fields(config)]
    for name, option in options(config).items():
        assert option.doc
        option.check(name, getattr(config(), name))
        for end in option.search or ():
            option.check(name, end)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: StageOneConfig(epochs=0), "Expected epochs to be finite and above 0; got 0"),
        (lambda: StageOneConfig(epochs=True), "Expected epochs to be int; got True"),
        (lambda: StageOneConfig(loss="hinge"), "Expected loss to be one of bce, mse; got 'hinge'"),
        (lambda: StageOneConfig(spectral_norm="addon"), "one of exact, keras, addons, none; got 'addon'"),
        (
            lambda: StageOneConfig(g_learning_rate=float("nan")),
            "Expected g_learning_rate to be finite and above 0; got nan",
        ),
        (lambda: StageOneConfig(decay_share=-1), "Expected decay_share to be finite and at least 0; got -1"),
        (lambda: StageOneConfig(width=float("inf")), "Expected width to be finite and above 0; got inf"),
        (
            lambda: StageOneConfig(refine_epochs=2, d_batch_norm=True),
            "Expected refine_epochs=0 or critic=own with batch norm in D, got refine_epochs=2, critic=auto",
        ),
        (lambda: StageOneConfig(beta=-1.0), "Expected beta to be finite and at least 0; got -1.0"),
        (
            lambda: StageOneConfig(translation=1.0),
            "Expected translation to be finite and at least 0 and below 1; got 1.0",
        ),
        (
            lambda: StageOneConfig(translation_probability=1.5),
            "Expected translation_probability to be finite and at least 0 and at most 1; got 1.5",
        ),
        (
            lambda: StageOneConfig(augment="faces"),
            "Expected augment to be one of auto, digits, photos, none; got 'faces'",
        ),
        (
            lambda: StageTwoConfig(augment_probability=-0.1),
            "Expected augment_probability to be finite and at least 0 and at most 1; got -0.1",
        ),
        (lambda: StageTwoConfig(batch_size=7), "Expected batch_size to be even and at least 2, got 7"),
        (
            lambda: StageTwoConfig(samples_per_epoch=64),
            "Expected samples_per_epoch to be at least batch_size=128, got 64",
        ),
        (lambda: StageTwoConfig(num_images=3), "Expected num_images to be finite and at least 4; got 3"),
    ],
)
def test_bad_values_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(("image_shape", "policy"), [((28, 28, 1), "digits"), ((16, 24, 3), "photos")])
def test_grey_images_are_augmented_as_digits_and_colour_images_as_photos(image_shape, policy):
    assert policy_for(image_shape) == policy
    assert StageOneConfig(augment=policy).augment == StageTwoConfig(augment=policy).augment == policy
