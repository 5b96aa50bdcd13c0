import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers.rewound import rewinding
from nlgan_tf.errors import InputError
from nlgan_tf.gan.players import NETWORKS


def test_continuing_after_save_and_load_equals_never_having_stopped(tiny_model, images, labels, tmp_path):
    def train(model, epochs):
        # Each epoch its own data order, so that both trainings see the same batches.
        for epoch in epochs:
            model.fit(nl.noisy_dataset(images, labels, 16, 48, seed=epoch), epochs=1, verbose=0)

    straight = tiny_model()
    rewind = rewinding(straight)
    train(straight, range(2))
    straight.save(tmp_path / "model.keras")
    rewind()
    train(straight, range(4))
    resumed = nl.load_model(tmp_path / "model.keras")
    train(resumed, range(2, 4))
    for mine, theirs in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for name in ("d_optimizer", "gp_optimizer", "gn_optimizer"):
        mine, theirs = getattr(straight, name), getattr(resumed, name)
        assert int(theirs.iterations) == 12
        for a, b in zip(mine.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_loaded_model_keeps_its_settings(tiny_model, images, tmp_path):
    model = tiny_model(alpha=7.0, beta=0.25, loss="mse", latent="normal")
    model.save(tmp_path / "model.keras")
    again = nl.load_model(tmp_path / "model.keras")
    assert (again.alpha, again.beta, again.loss_metric, again.latent) == (7.0, 0.25, "mse", "normal")
    assert (again.priors, again.seed) == (model.priors, model.seed)
    assert again.augment.get_config() == model.augment.get_config()
    np.testing.assert_array_equal(again.predict(images, verbose=0), model.predict(images, verbose=0))


def test_an_uncompiled_model_can_be_saved(tiny_model, images, tmp_path):
    compiled = tiny_model()
    model = nl.NLGAN(*(getattr(compiled, name) for name in NETWORKS), compiled.priors)
    model.save(tmp_path / "model.keras")
    again = nl.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(images, verbose=0), model.predict(images, verbose=0))


@pytest.mark.parametrize("name", ["model.h5", "model", "model.tf"])
def test_other_formats_are_refused_in_one_line(tiny_model, tmp_path, name):
    with pytest.raises(InputError, match=rf"^Expected a file name that ends in \.keras, got [^\n]*{name}: [^\n]*$"):
        tiny_model().save(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_weights_alone_are_saved_and_loaded(tiny_model, images, tmp_path):
    model, other = tiny_model(), tiny_model(seed=1)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.predict(images, verbose=0), model.predict(images, verbose=0))


def test_an_export_serves_the_probabilities(tiny_model, images, tmp_path):
    model = tiny_model()
    model.export(tmp_path / "exported")
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(tf.cast(images, tf.float32)), model.predict(images, verbose=0), atol=1e-5)


def test_an_export_needs_known_priors(tiny_model, tmp_path):
    model = tiny_model()
    model.priors = "estimate"
    with pytest.raises(InputError, match='Expected priors, got "estimate" without its estimate'):
        model.export(tmp_path / "exported")
