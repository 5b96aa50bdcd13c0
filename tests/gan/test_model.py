import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
import nlgan_tf.gan
from helpers.rewound import rewinding
from nlgan_tf.compat.keras import LossScaleOptimizer, keras
from nlgan_tf.errors import InputError
from nlgan_tf.gan.latent import draw_latent

NETWORKS = ("discriminator", "positive_generator", "negative_generator")
LOGS = {"loss", "d_loss", "gp_loss", "gn_loss", "d_noisy_p", "d_noisy_n", "d_fake_p", "d_fake_n", "gap_p", "gap_n"}


def weights_of(model) -> dict[str, list[np.ndarray]]:
    return {name: [v.numpy() for v in getattr(model, name).trainable_variables] for name in NETWORKS}


def moved(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    return any(np.abs(a - b).max() > 0 for a, b in zip(before, after, strict=True))


def batch(images, labels, n=16):
    return tf.constant(images[:n]), tf.constant(labels[:n])


@pytest.mark.parametrize("mover", NETWORKS)
def test_each_update_moves_its_own_network_alone(tiny_model, images, labels, mover):
    model = tiny_model(spectral_norm="exact")  # Other implementations move D's kernels in each call.
    learning_rates = [1e-2 if name == mover else 0.0 for name in NETWORKS]
    d, gp, gn = map(keras.optimizers.SGD, learning_rates)
    model.compile(d_optimizer=d, gp_optimizer=gp, gn_optimizer=gn)
    before = weights_of(model)
    model.train_step(batch(images, labels))
    after = weights_of(model)
    assert {name for name in NETWORKS if moved(before[name], after[name])} == {mover}


def reference_gradients(model, images, labels) -> dict[str, list]:
    """The step as the paper writes it, plainly: each loss from its own calls of D, nothing shared."""
    priors = model.priors
    real = tf.cast(images, tf.float32) / 127.5 - 1
    half = len(images) // 2
    generators = model.positive_generator, model.negative_generator
    with tf.GradientTape(persistent=True) as tape:
        # z of the first step, 0: a function of (seed, step) and of the generator's place.
        seeds = [tf.random.experimental.stateless_fold_in((model.seed, 0), place) for place in range(2)]
        z = [draw_latent(half, model.latent_dim, model.latent, seed) for seed in seeds]
        fakes = [generator(its_z, training=True) for generator, its_z in zip(generators, z, strict=True)]
        g_losses = [
            nl.losses.generator_loss(model.discriminator(fake, training=False), delta)
            for fake, delta in zip(fakes, (priors.delta_p, priors.delta_n), strict=True)
        ]
        sets = [real[labels == 1], real[labels == 0], *fakes]
        d_loss = nl.losses.discriminator_loss(
            *(model.discriminator(images, training=False) for images in sets), alpha=5.0, beta=0.5
        )
    gradients = [tape.gradient(loss, g.trainable_variables) for loss, g in zip(g_losses, generators, strict=True)]
    return dict(
        zip(NETWORKS, [tape.gradient(d_loss, model.discriminator.trainable_variables), *gradients], strict=True)
    )


def test_the_shared_step_takes_the_gradients_of_the_plain_one(tiny_model, images, labels):
    model = tiny_model(dropout=0.0, translation=0.0, spectral_norm="exact")
    model.compile(*(5.0, 0.5, "bce"), *(keras.optimizers.SGD(1.0) for _ in NETWORKS))
    model.discriminator(tf.zeros((1, 8, 8, 1)), training=True)
    # A step's first call moves the spectral state; the reference must see the state after it.
    twin = tiny_model(dropout=0.0, translation=0.0, spectral_norm="exact")
    before = weights_of(model)
    twin.set_weights(model.get_weights())
    twin.discriminator(tf.zeros((1, 8, 8, 1)), training=True)
    expected = reference_gradients(twin, images[:16], labels[:16])
    model.train_step(batch(images, labels))
    after = weights_of(model)
    for name in NETWORKS:
        update = np.concatenate([(b - a).ravel() for b, a in zip(before[name], after[name], strict=True)])
        reference = np.concatenate([np.ravel(g) for g in expected[name]])
        assert np.linalg.norm(update - reference) < 1e-4 * np.linalg.norm(reference), name


def test_spectral_state_moves_once_a_step(tiny_model, images, labels):
    model = tiny_model(spectral_norm="exact")
    wrapper = model.discriminator.get_layer("conv_1")
    kernel, right = wrapper.layer.kernel.numpy().reshape(-1, wrapper.layer.filters), wrapper.right.numpy()
    left = kernel @ right / np.linalg.norm(kernel @ right)
    model.train_step(batch(images, labels))
    np.testing.assert_allclose(wrapper.left, left, atol=1e-6)


def test_fit_logs_what_the_losses_and_outputs_are(tiny_model, images, labels):
    model = tiny_model()
    history = model.fit(nl.noisy_dataset(images, labels, 16, 32), epochs=1, verbose=0).history
    assert set(history) == LOGS
    logs = {name: values[0] for name, values in history.items()}
    assert logs["loss"] == pytest.approx(logs["d_loss"] + logs["gp_loss"] + logs["gn_loss"], rel=1e-5)
    assert logs["gap_p"] == pytest.approx(logs["d_fake_p"] - model.priors.delta_p, abs=1e-6)
    assert logs["gap_n"] == pytest.approx(logs["d_fake_n"] - model.priors.delta_n, abs=1e-6)


@pytest.mark.parametrize("given", [[1] * 6, [0] * 6, [1, 1, 1, 1, 0], [0]])
def test_a_batch_may_hold_any_mix(tiny_model, images, given):
    model = tiny_model()
    logs = model.train_step((tf.constant(images[: len(given)]), tf.constant(given)))
    assert all(np.isfinite(value) for value in logs.values())
    assert (float(logs["d_noisy_p"]) == 0) == (1 not in given)


def test_predict_inverts_delta_and_clips(tiny_model, images):
    model = tiny_model()
    logit = model.discriminator.layers[-1]
    logit.layer.kernel.assign(tf.zeros_like(logit.layer.kernel))
    delta_p, delta_n = model.priors.delta_p, model.priors.delta_n
    for output, probability in [(delta_p, 1), (delta_n, 0), ((delta_p + delta_n) / 2, 0.5), (0.01, 1), (0.99, 0)]:
        logit.layer.bias.assign([np.log(output / (1 - output))])
        predicted = model.predict(images[:3], verbose=0)
        assert predicted.shape == (3,)
        np.testing.assert_allclose(predicted, probability, atol=1e-5)


def test_hallucinate_is_stateless_and_splits_the_labels(tiny_model, images, labels):
    model = tiny_model()
    drawn, drawn_labels = model.hallucinate(7, seed=3)
    assert drawn.dtype == np.uint8
    assert drawn.shape == (7, 8, 8, 1)
    assert drawn_labels.tolist() == [1, 1, 1, 1, 0, 0, 0]
    np.testing.assert_array_equal(model.hallucinate(7, seed=3)[0], drawn)
    assert (model.hallucinate(7, seed=4)[0] != drawn).any()
    one, label = model.hallucinate(1, seed=3)
    assert (one.shape, label.tolist()) == ((1, 8, 8, 1), [1])
    longer, _ = model.hallucinate(1201, seed=3)
    np.testing.assert_allclose(longer[:4].astype(int), drawn[:4], atol=1)


def test_evaluate_on_noisy_and_on_clean_labels(tiny_model, images, labels):
    model = tiny_model()
    dataset = nl.noisy_dataset(images, labels, 8, 40)
    noisy_alone = model.evaluate(dataset, return_dict=True, verbose=0)
    assert set(noisy_alone) == {"loss", "noisy_accuracy"}
    both = dataset.map(lambda x, y: (x, {"noisy": y, "clean": 1 - y}))
    logs = model.evaluate(both, return_dict=True, verbose=0)
    assert logs["clean_accuracy"] == pytest.approx(1 - logs["noisy_accuracy"], abs=1e-6)
    positive = model.predict(images, verbose=0) > 0.5
    on_all = model.evaluate(images, labels, batch_size=40, return_dict=True, verbose=0)
    assert on_all["noisy_accuracy"] == pytest.approx(np.mean(positive == labels))
    fitted = model.fit(both, validation_data=both, epochs=1, verbose=0).history
    assert {"val_loss", "val_noisy_accuracy", "val_clean_accuracy"} < set(fitted)


def test_a_whole_training_traces_its_step_once(tiny_model, images, labels, monkeypatch):
    model, traces = tiny_model(), []
    step = type(model).train_step
    monkeypatch.setattr(type(model), "train_step", lambda self, data: traces.append(1) or step(self, data))
    for _ in range(2):
        model.fit(nl.noisy_dataset(images, labels, 16, 48), epochs=2, verbose=0)
    assert len(traces) == 1


@pytest.mark.slow
@pytest.mark.parametrize("switch", [{"steps_per_execution": 3}, {"run_eagerly": True}])
def test_the_switches_of_keras_compile_change_how_and_not_what(tiny_model, images, labels, switch):
    def trained(**settings) -> list[np.ndarray]:
        model = tiny_model()
        model.compile(**settings)
        model.fit(nl.noisy_dataset(images, labels, 16, 48), epochs=1, verbose=0)
        return model.get_weights()

    for plain, switched in zip(trained(), trained(**switch), strict=True):
        np.testing.assert_allclose(switched, plain, atol=2e-3)


@pytest.mark.slow
def test_a_step_compiles_under_xla(tiny_model, images, labels):
    # XLA draws other random numbers from the same seed, so the weights cannot be compared.
    model = tiny_model()
    model.compile(jit_compile=True)
    history = model.fit(nl.noisy_dataset(images, labels, 16, 48), epochs=1, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16"])
def mixed_precision(request):
    keras.mixed_precision.set_global_policy(request.param)
    yield request.param
    keras.mixed_precision.set_global_policy("float32")


@pytest.mark.slow
def test_mixed_precision_stays_finite_and_scales_the_loss(mixed_precision, tiny_model, images, labels, tmp_path):
    model = tiny_model()
    history = model.fit(nl.noisy_dataset(images, labels, 16, 1600), epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert {tf.as_dtype(variable.dtype) for variable in model.trainable_variables} == {tf.float32}
    scaled = isinstance(model.d_optimizer, LossScaleOptimizer)
    assert scaled == (mixed_precision == "mixed_float16")
    assert int(model.d_optimizer.iterations) > 150
    model.save(tmp_path / "model.keras")
    keras.mixed_precision.set_global_policy("float32")
    again = nl.load_model(tmp_path / "model.keras")
    assert type(again.d_optimizer) is type(model.d_optimizer)
    np.testing.assert_array_equal(again.predict(images, verbose=0), model.predict(images, verbose=0))


def test_optimizers_may_be_names(tiny_model):
    model = tiny_model()
    model.compile(d_optimizer="sgd")
    assert isinstance(model.d_optimizer, keras.optimizers.SGD)
    assert isinstance(model.gp_optimizer, keras.optimizers.Adam)


def test_alpha_not_above_beta_warns(tiny_model):
    with pytest.warns(UserWarning, match="alpha >> beta"):
        tiny_model().compile(alpha=0.5, beta=0.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 0.0}, "Expected alpha to be a finite number above 0, got 0.0"),
        ({"beta": -1.0}, "Expected beta to be a finite number of at least 0, got -1.0"),
        ({"alpha": "5"}, "Expected alpha to be a finite number above 0, got '5'"),
        ({"loss": "hinge"}, "Expected loss to be one of bce, mse; got 'hinge'"),
        ({"optimizer": "adam"}, "Expected d_optimizer, gp_optimizer, gn_optimizer, .*; got optimizer"),
        ({"metrics": ["accuracy"]}, "and run_eagerly, steps_per_execution, jit_compile; got metrics"),
    ],
)
def test_bad_compile_settings_are_refused(tiny_model, settings, message):
    with pytest.raises(ValueError, match=message):
        tiny_model().compile(**settings)


def test_bad_model_settings_are_refused(tiny_model):
    networks = [getattr(tiny_model(), name) for name in NETWORKS]
    with pytest.raises(ValueError, match="Expected latent to be one of uniform, normal; got 'cauchy'"):
        nl.NLGAN(*networks, nl.NoisePriors(0.7, 0.85), latent="cauchy")


def test_priors_that_are_set_anew_are_used_at_once(tiny_model, images, labels):
    model = tiny_model()
    model.fit(images, labels, verbose=0)
    model.predict(images, verbose=0)
    model.priors = nl.NoisePriors(0.95, 0.9)
    np.testing.assert_allclose(model.predict(images, verbose=0), model(images), rtol=1e-5)
    logs = model.fit(images, labels, verbose=0).history
    assert logs["gap_p"][0] == pytest.approx(logs["d_fake_p"][0] - model.priors.delta_p, abs=1e-5)
    with pytest.raises(ValueError, match=r"Expected priors to be NoisePriors or .estimate., got \(0.7, 0.85\)"):
        model.priors = (0.7, 0.85)


def test_settings_that_are_set_anew_are_used_at_once(tiny_model, images, labels):
    # Six tracings: without the parts that the settings do not touch.
    model = tiny_model(spectral_norm=None, translation=0.0)
    as_one_batch = {"batch_size": 40, "shuffle": False, "verbose": 0}
    model.fit(images, labels, **as_one_batch)
    rewind = rewinding(model)
    found = {}
    new = {"alpha": 50.0, "beta": 4.0, "loss_metric": "mse", "generator_dropout": True, "seed": 7}
    for name, value in new.items():
        before = getattr(model, name)
        setattr(model, name, value)
        rewind()
        # Outside of what `fit` has traced.
        expected = {log: float(mean) for log, mean in model.train_step(batch(images, labels, 40)).items()}
        rewind()
        history = model.fit(images, labels, **as_one_batch).history
        found[name] = {log: values[0] for log, values in history.items()}
        assert found[name] == pytest.approx(expected, rel=1e-4), name
        setattr(model, name, before)
    # Each setting counts, so that none of them equals another by what was traced before.
    assert len({tuple(logs.values()) for logs in found.values()}) == len(new)


def test_evaluate_returns_each_metric_once(tiny_model, images, labels):
    model = tiny_model()
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    assert (loss, accuracy) == tuple(model.evaluate(images, labels, verbose=0, return_dict=True).values())


def test_dropout_is_off_in_the_generators_step_unless_asked_for(tiny_model, images, labels, tmp_path):
    for asked, masks in ((False, 1), (True, 2)):
        model = tiny_model(generator_dropout=asked)
        model.train_step(batch(images, labels))
        assert int(model.discriminator.get_layer("dropout").calls) == masks
    model.save(tmp_path / "model.keras")
    assert nl.load_model(tmp_path / "model.keras").generator_dropout is True


@pytest.mark.parametrize("settings", [{"attention": True}, {"d_batch_norm": True, "spectral_norm": None}])
def test_ablations_train_all_three_networks(tiny_model, images, labels, settings):
    model = tiny_model(**settings)
    before = weights_of(model)
    logs = model.train_step(batch(images, labels))
    after = weights_of(model)
    assert all(moved(before[name], after[name]) for name in NETWORKS)
    assert np.isfinite(logs["loss"])


def test_stage_one_needs_neither_scikit_learn_nor_matplotlib():
    """In a process where they cannot be imported."""
    code = "import sys; sys.modules.update(sklearn=None, matplotlib=None)"
    modules = sorted(path.stem for path in Path(nl.gan.__file__).parent.glob("[a-z]*.py"))
    imports = "; ".join(f"import nlgan_tf.gan.{module}" for module in modules)
    assert "model" in modules
    subprocess.run([sys.executable, "-c", f"{code}; {imports}"], check=True)


def test_models_stand_under_the_name_of_one_optimizer(tiny_model):
    model = tiny_model(d_learning_rate=2e-4, g_learning_rate=1e-3)
    assert model.optimizer.optimizers == model.optimizers()
    assert [optimizer.name for optimizer in model.optimizers()] == ["d_optimizer", "gp_optimizer", "gn_optimizer"]
    model.optimizer.learning_rate = 1e-4
    rates = [float(optimizer.learning_rate) for optimizer in model.optimizers()]
    assert rates == pytest.approx([1e-4, 5e-4, 5e-4], rel=1e-5)


@pytest.mark.parametrize("n", [0, -1])
def test_fewer_than_one_image_cannot_be_drawn(tiny_model, n):
    with pytest.raises(InputError, match=f"^Expected n to be at least 1, got {n}$"):
        tiny_model().hallucinate(n)


@pytest.mark.parametrize("n", [2.5, "10", True, None])
def test_a_number_of_images_is_an_integer(tiny_model, n):
    with pytest.raises(InputError, match=f"^Expected n to be an integer, got {n!r}$"):
        tiny_model().hallucinate(n)
