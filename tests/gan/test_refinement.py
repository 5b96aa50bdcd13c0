import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.keras import keras
from nlgan_tf.data.batches import judged_batches
from nlgan_tf.gan.augment import RandomTranslation
from nlgan_tf.gan.latent import Z_OF_FIRST, draw_latent, step_seed
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.gan.refinement import SHARPNESS, Refinement
from nlgan_tf.networks.critic import build_critic
from nlgan_tf.training.precision import computing_in

ADAM = {"learning_rate": 5e-4, "beta_1": 0.5, "beta_2": 0.99}
POSTERIOR = np.tile(np.float32([0.9, 0.2]), 20)


def weights_of(network: keras.Model) -> list[np.ndarray]:
    return [np.array(weight) for weight in network.get_weights()]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def refinement_of(model: NLGAN, augment=None) -> Refinement:
    return Refinement(model, build_critic((8, 8, 1), 0.1), ADAM, augment)


@pytest.fixture
def batches(images, labels) -> tf.data.Dataset:
    # Cached: each epoch would have an order of its own.
    return judged_batches(images, labels, POSTERIOR, batch_size=8, samples_per_epoch=32).cache()


class TestRefinement:
    def test_moves_the_generators_and_their_averages_and_leaves_d(self, tiny_model, batches):
        model = tiny_model(ema=0.9)
        kept = {name: weights_of(getattr(model, name)) for name in ("discriminator", "averaged_discriminator")}
        moved = {
            name: weights_of(getattr(model, name))
            for name in ("positive_generator", "negative_generator", "averaged_positive_generator")
        }
        refinement = refinement_of(model, RandomTranslation(0.25))
        trained = [np.array(variable) for variable in refinement.critic.trainable_variables]
        # Kernels and biases of four convolutions, R's directions and biases.
        assert len(trained) == 10
        history = refinement.fit(batches, epochs=2, shuffle=False, verbose=0).history
        assert all(same(weights, weights_of(getattr(model, name))) for name, weights in kept.items())
        assert not any(same(weights, weights_of(getattr(model, name))) for name, weights in moved.items())
        assert set(history) == {"loss", "g_loss", "realness_loss"}
        parts = [history[name] for name in ("g_loss", "realness_loss")]
        np.testing.assert_allclose(history["loss"], np.sum(parts, axis=0), rtol=1e-5)
        for before, after in zip(trained, refinement.critic.trainable_variables, strict=True):
            assert not np.array_equal(before, np.array(after))
        assert int(refinement.step) == 8

    def test_without_averages_the_trained_generators_draw(self, tiny_model, batches):
        model = tiny_model()
        before = weights_of(model.drawing_generators()[1])
        refinement_of(model).fit(batches, epochs=1, shuffle=False, verbose=0)
        assert not same(before, weights_of(model.drawing_generators()[1]))

    def test_computes_in_low_precision_with_scaled_losses(self, tiny_model, batches):
        with computing_in("float16"):
            model = tiny_model(ema=0.9)
            refinement = refinement_of(model)
            history = refinement.fit(batches, epochs=1, shuffle=False, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        assert model.positive_generator.compute_dtype == "float16"
        assert {weight.dtype.name for weight in weights_of(refinement.critic)[:2]} == {"float32"}
        assert model.hallucinate(2)[0].std() > 0

    def test_a_step_is_the_formula(self, tiny_model, images):
        """Losses of one step without augmentation, by hand from the logits of the critic and of D."""
        model = tiny_model()
        refinement = refinement_of(model)
        originals = tf.constant(images[:8], tf.float32) / 127.5 - 1
        seeds = [step_seed(model.seed, model.step, Z_OF_FIRST + number) for number in (0, 1)]
        z = [draw_latent(4, model.latent_dim, model.latent, seed) for seed in seeds]
        x_gp, x_gn = (
            generator(its_z, training=True)
            for generator, its_z in zip((model.positive_generator, model.negative_generator), z, strict=True)
        )
        # The first training call moves the spectral norms by one iteration, on the originals.
        refinement.critic(originals, training=True)
        r, r_gp, r_gn = (refinement.critic(x, training=False).numpy() for x in (originals, x_gp, x_gn))
        w, v = POSTERIOR[:8] ** SHARPNESS, (1 - POSTERIOR[:8]) ** SHARPNESS

        def hinge(values: np.ndarray) -> np.ndarray:
            return np.maximum(0, 1 - values)

        realness = (
            np.average(hinge(r[:, 0]), weights=w)
            + np.average(hinge(r[:, 1]), weights=v)
            + hinge(-r_gp[:, 0]).mean()
            + hinge(-r_gn[:, 1]).mean()
        )
        d_gp, d_gn = (model.discriminator(x, training=False).numpy() for x in (x_gp, x_gn))
        eq_4 = sum(
            np.mean(np.log1p(np.exp(logits)) - delta * logits)
            for logits, delta in ((d_gp, model.priors.delta_p), (d_gn, model.priors.delta_n))
        )
        logs = refinement_of(model).train_step((images[:8], tf.constant(POSTERIOR[:8])))
        assert float(logs["realness_loss"]) == pytest.approx(realness, rel=1e-3)
        assert float(logs["g_loss"]) == pytest.approx(eq_4, rel=1e-3)
        assert float(logs["loss"]) == pytest.approx(realness + eq_4, rel=1e-3)

    def test_the_generators_climb_what_the_critic_calls_real(self, tiny_model, batches):
        """A critic by which bright images are real, with weights too large to unlearn in ten steps, brightens them."""
        inputs = keras.Input((8, 8, 1))
        bright = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(10.0))
        critic = keras.Model(inputs, bright(keras.layers.Flatten()(inputs)))
        model = tiny_model()
        before = model.hallucinate(50)[0].mean()
        Refinement(model, critic, {**ADAM, "learning_rate": 1e-2}).fit(batches, epochs=3, shuffle=False, verbose=0)
        assert model.hallucinate(50)[0].mean() > before + 20

    def test_a_restored_one_goes_on_alike(self, tiny_model, batches, tmp_path):
        model = tiny_model(ema=0.9)
        first = refinement_of(model)
        first.fit(batches, epochs=1, shuffle=False, verbose=0)
        first.save_weights(tmp_path / "r.weights.h5")
        second = refinement_of(tiny_model(ema=0.9))
        second.load_weights(tmp_path / "r.weights.h5")
        for refinement in (first, second):
            refinement.fit(batches, epochs=1, shuffle=False, verbose=0)
        assert int(second.step) == 8
        assert same(weights_of(first.critic), weights_of(second.critic))
        for one, other in zip(first.averages, second.averages, strict=True):
            assert same(weights_of(one), weights_of(other))
