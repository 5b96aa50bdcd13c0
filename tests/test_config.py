import pytest

from nlgan_tf.config import StageOneConfig, StageTwoConfig


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
        (lambda: StageOneConfig(beta=-1.0), "Expected beta to be finite and at least 0; got -1.0"),
        (
            lambda: StageOneConfig(translation=1.0),
            "Expected translation to be finite and at least 0 and below 1; got 1.0",
        ),
        (
            lambda: StageOneConfig(translation_probability=1.5),
            "Expected translation_probability to be finite and at least 0 and at most 1; got 1.5",
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
