import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.batches import judged_batches
from nlgan_tf.errors import InputError
from nlgan_tf.gan.augment import RandomTranslation
from nlgan_tf.gan.latent import Z_OF_FIRST, draw_latent, step_seed
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.refinement import SHARPNESS, RealnessLogits, Refinement
from nlgan_tf.training.precision import computing_in

POSTERIOR = np.tile(np.float32([0.9, 0.2]), 20)


def weights_of(network: keras.Model) -> list[np.ndarray]:
    return [np.array(weight) for weight in network.get_weights()]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.fixture
def batches(images, labels) -> tf.data.Dataset:
    # Cached: each epoch would have an order of its own.
    return judged_batches(images, labels, POSTERIOR, batch_size=8, samples_per_epoch=32).cache()


class TestRealnessLogits:
    def test_projects_on_unit_directions(self):
        layer = RealnessLogits(scale=2.0)
        layer.build((None, 2))
        layer.set_weights([np.float32([[3.0, 0.0], [4.0, -5.0]]), np.float32([0.5, -1.0])])
        # (1, 2) on (.6, .8) is 2.2, on (0, -1) it is -2.
        np.testing.assert_allclose(layer(np.float32([[1.0, 2.0]])), [[4.9, -5.0]], rtol=1e-6)


class TestRefinement:
    def test_moves_the_generators_and_their_averages_and_leaves_d(self, tiny_model, batches):
        model = tiny_model(ema=0.9)
        kept = {name: weights_of(getattr(model, name)) for name in ("discriminator", "averaged_discriminator")}
        moved = {
            name: weights_of(getattr(model, name))
            for name in ("positive_generator", "negative_generator", "averaged_positive_generator")
        }
        refinement = Refinement(model, RandomTranslation(0.25))
        trained = [np.array(variable) for variable in refinement.critic.trainable_variables]
        # D's kernels and biases of four layers, R's directions and biases.
        assert len(trained) == 10
        history = refinement.fit(batches, epochs=2, shuffle=False, verbose=0).history
        assert all(same(weights, weights_of(getattr(model, name))) for name, weights in kept.items())
        assert not any(same(weights, weights_of(getattr(model, name))) for name, weights in moved.items())
        assert set(history) == {"loss", "d_loss", "g_loss", "realness_loss"}
        parts = [history[name] for name in ("d_loss", "g_loss", "realness_loss")]
        np.testing.assert_allclose(history["loss"], np.sum(parts, axis=0), rtol=1e-5)
        for before, after in zip(trained, refinement.critic.trainable_variables, strict=True):
            assert not np.array_equal(before, np.array(after))
        assert int(refinement.step) == 8

    def test_without_averages_the_trained_generators_draw(self, tiny_model, batches):
        model = tiny_model()
        before = weights_of(model.drawing_generators()[1])
        Refinement(model).fit(batches, epochs=1, shuffle=False, verbose=0)
        assert not same(before, weights_of(model.drawing_generators()[1]))

    def test_computes_in_low_precision_with_scaled_losses(self, tiny_model, batches):
        with computing_in("float16"):
            model = tiny_model(ema=0.9)
            refinement = Refinement(model)
            history = refinement.fit(batches, epochs=1, shuffle=False, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        assert model.positive_generator.compute_dtype == "float16"
        assert {weight.dtype.name for weight in weights_of(refinement.critic)[:2]} == {"float32"}
        assert model.hallucinate(2)[0].std() > 0

    def test_a_step_is_the_formula(self, tiny_model, images, labels):
        """Losses of one step without dropout and augmentation, by hand from the logits of D's copy."""
        model = tiny_model(dropout=0.0)
        refinement = Refinement(model)
        batch = images[:8], {"noisy": labels[:8], "posterior": POSTERIOR[:8]}
        originals = tf.constant(images[:8], tf.float32) / 127.5 - 1
        seeds = [step_seed(model.seed, model.step, Z_OF_FIRST + number) for number in (0, 1)]
        z = [draw_latent(4, model.latent_dim, model.latent, seed) for seed in seeds]
        x_gp, x_gn = (
            generator(its_z, training=True)
            for generator, its_z in zip((model.positive_generator, model.negative_generator), z, strict=True)
        )
        # The first training call moves the spectral norms by one iteration, on the originals.
        refinement.critic(originals, training=True)
        (d, r), (d_gp, r_gp), (d_gn, r_gn) = (
            [output.numpy() for output in refinement.critic(x, training=False)] for x in (originals, x_gp, x_gn)
        )
        w, v = POSTERIOR[:8] ** SHARPNESS, (1 - POSTERIOR[:8]) ** SHARPNESS

        def softplus(values: np.ndarray) -> np.ndarray:
            return np.log1p(np.exp(values))

        def hinge(values: np.ndarray) -> np.ndarray:
            return np.maximum(0, 1 - values)

        realness = (
            np.average(hinge(r[:, 0]), weights=w)
            + np.average(hinge(r[:, 1]), weights=v)
            + hinge(-r_gp[:, 0]).mean()
            + hinge(-r_gn[:, 1]).mean()
        )
        fresh = Refinement(model)
        logs = fresh.train_step(batch)
        assert float(logs["realness_loss"]) == pytest.approx(realness, rel=1e-3)
        positive = labels[:8] == 1
        eq_5 = model.alpha * (softplus(d[positive]).mean() + softplus(-d[~positive]).mean())
        eq_5 += model.beta * (softplus(-d_gp).mean() + softplus(d_gn).mean())
        assert float(logs["d_loss"]) == pytest.approx(eq_5, rel=1e-3)

    def test_a_restored_one_goes_on_alike(self, tiny_model, batches, tmp_path):
        model = tiny_model(ema=0.9)
        first = Refinement(model)
        first.fit(batches, epochs=1, shuffle=False, verbose=0)
        first.save_weights(tmp_path / "r.weights.h5")
        second = Refinement(tiny_model(ema=0.9))
        second.load_weights(tmp_path / "r.weights.h5")
        for refinement in (first, second):
            refinement.fit(batches, epochs=1, shuffle=False, verbose=0)
        assert int(second.step) == 8
        assert same(weights_of(first.critic), weights_of(second.critic))
        for one, other in zip(first.averages, second.averages, strict=True):
            assert same(weights_of(one), weights_of(other))

    def test_another_d_is_refused(self, tiny_model):
        parts = tiny_model()
        inputs = keras.Input((8, 8, 1))
        bare = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
        model = NLGAN(bare, parts.positive_generator, parts.negative_generator, parts.priors)
        model.compile()
        with pytest.raises(InputError, match="refine_epochs=0"):
            Refinement(model)
