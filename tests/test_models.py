import zipfile

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.extractors import WEIGHTS, saved_extractor
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig
from nlgan_tf.errors import InputError
from nlgan_tf.models import describe_size, load_extractor


def test_load_model_takes_classifiers_and_refuses_what_is_no_model(tmp_path):
    classifier = nl.build_classifier((8, 8, 1), width=0.1)
    classifier.save(tmp_path / "classifier.keras")
    again = nl.load_model(tmp_path / "classifier.keras")
    assert all(np.array_equal(a, b) for a, b in zip(classifier.get_weights(), again.get_weights(), strict=True))
    with pytest.raises(FileNotFoundError, match=r"Expected a .keras file, got .*none.keras, which does not exist"):
        nl.load_model(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("no model")
    with zipfile.ZipFile(tmp_path / "zip.keras", "w") as other:
        other.writestr("readme", "no model")
    for name in ("text.keras", "zip.keras"):
        with pytest.raises(ValueError, match=f"Expected a .keras file, got .*{name}, which is no Keras model"):
            nl.load_model(tmp_path / name)


def test_a_folder_is_said_to_be_one(tmp_path):
    with pytest.raises(InputError, match=r"^Expected a .keras file, got .*, which is a folder$"):
        nl.load_model(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InputError, match=r", which is a folder: SavedModels are for TF Serving$"):
        nl.load_model(tmp_path)


def test_an_extractor_is_loaded_frozen(tmp_path):
    extractor = load_extractor(saved_extractor(tmp_path))
    assert extractor.trainable_weights == []
    np.testing.assert_array_equal(extractor.get_weights()[0], WEIGHTS)


def test_an_extractor_that_holds_code_is_refused_in_one_line(tmp_path):
    pixels = keras.Input((None, None, 3))
    code = keras.layers.Lambda(lambda images: images[:, 0, 0], output_shape=(3,))
    keras.Model(pixels, code(pixels)).save(tmp_path / "code.keras")
    with pytest.raises(
        InputError, match=r"^Expected features that Keras .* loads safely, got .*code.keras: "
    ) as caught:
        load_extractor(tmp_path / "code.keras")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_an_extractor_is_a_file_or_a_name(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_extractor(tmp_path / "none.keras")
    with pytest.raises(
        InputError, match=r"^Expected features to be a .keras file or one of EfficientNetB0, .*; got 'VGG'$"
    ):
        load_extractor("VGG")
    with pytest.raises(InputError, match="which is a folder"):
        load_extractor(tmp_path)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 16, 16), r"^Expected images of 1 or 3 channels, got 16: np.moveaxis\(images, 1, -1\) puts channels last$"),
        ((16, 16, 2), r"^Expected images of 1 or 3 channels, got 2: images\[..., :1\] keeps gray without alpha$"),
    ],
)
def test_models_are_of_grey_or_colour_images(shape, message):
    with pytest.raises(InputError, match=message):
        nl.build_nlgan(shape, "estimate")


def test_an_unknown_recipe_is_refused():
    for act in (
        lambda: nl.build_nlgan((8, 8, 1), nl.NoisePriors(0.7, 0.85), "best"),
        lambda: describe_size((8, 8, 1), "best"),
    ):
        with pytest.raises(InputError, match="Expected recipe to be one of literal, paper, modern; got 'best'"):
            act()


def test_generators_do_not_start_as_twins():
    model = nl.build_nlgan((8, 8, 1), nl.NoisePriors(0.7, 0.85), nl.StageOneConfig(width=0.1))
    kernels = [generator.get_layer("fc_1").kernel.numpy() for generator in model.drawing_generators().values()]
    assert np.all(kernels[0] != kernels[1])


def test_large_models_are_described_in_one_line():
    assert describe_size((256, 256, 3)) == (
        "Images of 256x256 give stage one 203 million weights: about 6 GB of memory and, without a GPU, 1 hour; "
        "for less, resize the images to 64x64 or less"
    )
    many_epochs = nl.StageOneConfig(epochs=500)
    assert describe_size((32, 32, 3), many_epochs) == (
        "Images of 32x32 give stage one 15 million weights: about 1 GB of memory and, without a GPU, 6 hours; "
        "for less, take fewer epochs or a smaller width"
    )
    assert describe_size((512, 512, 3), "paper").endswith("5 days; for less, resize the images to 64x64 or less")


@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 28, 1), (32, 32, 3)])
@pytest.mark.parametrize("recipe", ["literal", "paper", "modern"])
def test_the_papers_data_sets_are_not_large(shape, recipe):
    assert describe_size(shape, recipe) is None


@pytest.mark.parametrize(("shape", "rate"), [((8, 8, 1), 5e-4), ((8, 8, 3), 1e-3)])
def test_the_kind_of_image_decides_the_rate_of_d_where_the_recipe_leaves_it(shape, rate):
    config = StageOneConfig(width=0.1, spectral_layers="all", d_learning_rate=0.0, g_learning_rate=2e-3)
    model = nl.build_nlgan(shape, nl.NoisePriors(0.7, 0.85), config)
    rates = [float(optimizer.learning_rate) for optimizer in model.optimizers()]
    assert rates == pytest.approx([rate, 2e-3, 2e-3])
