import functools

import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.installed import LEGACY, SPECTRAL_NORMS
from nlgan_tf.compat.keras import addons, keras
from nlgan_tf.networks.layers import Dense
from nlgan_tf.networks.spectral import ExactSpectralNormalization, spectral_normalize

# Those with the gradient through sigma; the other is Keras's wrapper as it is.
OURS = [name for name in SPECTRAL_NORMS if name != "keras"]


def normal(seed: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(seed=seed)


def dense(units: int = 5) -> keras.layers.Dense:
    return keras.layers.Dense(units, kernel_initializer=normal(0), bias_initializer=normal(1))


def convolution() -> keras.layers.Conv2D:
    return keras.layers.Conv2D(6, 3, 2, "same", kernel_initializer=normal(0), bias_initializer=normal(1))


CASES = [(dense, (4, 7)), (convolution, (4, 8, 8, 3))]


def sigma_of(kernel: np.ndarray) -> float:
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def inputs_for(shape) -> tf.Tensor:
    return tf.random.stateless_normal(shape, seed=(1, 2))


@pytest.mark.parametrize(("make", "shape"), CASES, ids=["dense", "convolution"])
@pytest.mark.parametrize("implementation", SPECTRAL_NORMS)
def test_the_effective_kernel_has_a_leading_singular_value_of_one(make, shape, implementation):
    layer = make()
    normalised = spectral_normalize(layer, implementation)
    x = inputs_for(shape)
    normalised(x)
    kernel = layer.kernel.numpy()
    for _ in range(60):
        outputs = normalised(x, training=True)
    layer.kernel.assign(kernel / sigma_of(kernel))
    np.testing.assert_allclose(outputs, layer(x), atol=1e-4)


@pytest.mark.parametrize(("make", "shape"), CASES, ids=["dense", "convolution"])
def test_the_gradient_passes_through_sigma(make, shape):
    layer = make()
    normalised = ExactSpectralNormalization(layer)
    x = inputs_for(shape)
    for _ in range(100):
        normalised(x, training=True)
    weights = tf.random.stateless_normal(normalised(x).shape, seed=(3, 4))
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(weights * normalised(x, training=False))
    gradients = tape.gradient(value, [layer.kernel, layer.bias])

    # The reference: an SVD inside the tape.
    kernel = tf.Variable(layer.kernel.numpy())
    with tf.GradientTape() as tape:
        sigma = tf.linalg.svd(tf.reshape(kernel, (-1, kernel.shape[-1])), compute_uv=True)[0][0]
        linear = tf.matmul if len(shape) == 2 else functools.partial(tf.nn.conv2d, strides=2, padding="SAME")
        outputs = linear(x, kernel / sigma)
        value = tf.reduce_sum(weights * (outputs + layer.bias.numpy()))
    reference = tape.gradient(value, kernel).numpy()
    assert np.linalg.norm(gradients[0] - reference) < 1e-4 * np.linalg.norm(reference)
    axes = tuple(range(weights.shape.rank - 1))
    np.testing.assert_allclose(gradients[1], tf.reduce_sum(weights, axes), rtol=1e-4, atol=1e-4)


def test_only_training_calls_move_the_state_and_none_moves_the_kernel():
    layer = dense()
    normalised = ExactSpectralNormalization(layer)
    x = inputs_for((4, 7))
    normalised(x)
    kernel, left = layer.kernel.numpy(), normalised.left.numpy()
    normalised(x, training=False)
    np.testing.assert_array_equal(normalised.left, left)
    normalised(x, training=True)
    assert np.abs(normalised.left.numpy() - left).max() > 1e-3
    np.testing.assert_array_equal(layer.kernel, kernel)


def test_following_the_kernel_moves_the_vectors_as_a_training_call_does():
    one, other = ExactSpectralNormalization(convolution()), ExactSpectralNormalization(convolution())
    x = inputs_for((4, 8, 8, 3))
    one(x)
    other(x, training=True)
    one.follow_kernel()
    np.testing.assert_array_equal(one.left, other.left)
    np.testing.assert_array_equal(one.right, other.right)


def test_a_call_in_inference_normalises_as_the_training_call_before_it():
    normalised = ExactSpectralNormalization(dense())
    x = inputs_for((4, 7))
    np.testing.assert_array_equal(normalised(x, training=True), normalised(x, training=False))


def test_a_zero_kernel_gives_its_bias():
    layer = keras.layers.Dense(3, kernel_initializer="zeros", bias_initializer="ones")
    outputs = ExactSpectralNormalization(layer)(tf.ones((2, 4)), training=True)
    np.testing.assert_array_equal(outputs, np.ones((2, 3)))


def test_a_layer_without_bias():
    layer = keras.layers.Dense(3, use_bias=False)
    normalised = ExactSpectralNormalization(layer)
    x = inputs_for((4, 7))
    for _ in range(60):
        outputs = normalised(x, training=True)
    np.testing.assert_allclose(outputs, x @ layer.kernel.numpy() / sigma_of(layer.kernel.numpy()), atol=1e-4)


def test_sigma_stays_float32_under_mixed_precision():
    layer = keras.layers.Dense(3, dtype="mixed_float16")
    normalised = ExactSpectralNormalization(layer)
    outputs = normalised(inputs_for((4, 7)), training=True)
    assert outputs.dtype == tf.float16
    assert normalised.left.dtype == "float32"
    assert layer.kernel.dtype == "float32"


def test_a_saved_model_keeps_state_and_outputs(tmp_path):
    inputs = keras.Input((7,))
    model = keras.Model(inputs, spectral_normalize(dense(), "exact")(inputs))
    x = inputs_for((4, 7))
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))
    np.testing.assert_array_equal(again(x, training=True), model(x, training=True))


@pytest.mark.parametrize("implementation", SPECTRAL_NORMS)
def test_a_loaded_wrapper_holds_a_layer_of_the_same_class(implementation, tmp_path):
    inputs = keras.Input((7,))
    model = keras.Model(inputs, spectral_normalize(Dense(5), implementation)(inputs))
    model.save(tmp_path / "model.keras")
    assert type(keras.models.load_model(tmp_path / "model.keras").layers[-1].layer) is Dense


def test_none_leaves_the_layer_alone():
    layer = dense()
    assert spectral_normalize(layer, None) is layer


def test_an_unknown_implementation_is_refused():
    with pytest.raises(
        ValueError, match=f"Expected spectral_norm to be one of {', '.join(SPECTRAL_NORMS)} or None, got 'exakt'$"
    ):
        spectral_normalize(dense(), "exakt")


def test_the_other_stacks_implementation_is_refused_by_its_name():
    other, needs = ("keras", "TF 2.21 and later") if LEGACY else ("addons", "TF 2.15 with tensorflow-addons")
    with pytest.raises(ValueError, match=f"Expected spectral_norm to be one of .*, got '{other}', which needs {needs}"):
        spectral_normalize(dense(), other)


@pytest.mark.parametrize("implementation", OURS)
def test_a_layer_with_activation_is_refused(implementation):
    with pytest.raises(ValueError, match=r"Expected layer 'dense.*' without activation, got 'relu'"):
        spectral_normalize(keras.layers.Dense(3, activation="relu"), implementation)


def test_a_kernel_that_was_zero_is_followed_again():
    layer = keras.layers.Dense(3, kernel_initializer="zeros")
    normalised = ExactSpectralNormalization(layer)
    x = inputs_for((4, 7))
    normalised(x, training=True)
    layer.kernel.assign(np.random.default_rng(0).normal(size=(7, 3)))
    for _ in range(60):
        outputs = normalised(x, training=True)
    np.testing.assert_allclose(outputs, x @ layer.kernel.numpy() / sigma_of(layer.kernel.numpy()), atol=1e-4)


@pytest.mark.parametrize("implementation", OURS)
def test_a_transposed_convolution_is_refused(implementation):
    """Its kernel has the outputs on the last axis but one, and would be seen as another matrix."""
    with pytest.raises(ValueError, match="to be Dense or Conv2D, got Conv2DTranspose"):
        spectral_normalize(keras.layers.Conv2DTranspose(3, 3), implementation)


# docs/stacks.md has the table of what follows.

# Keras's wrapper works on TF 2.15 too as long as nothing is traced, and so all three meet there.
COMPARED = ("exact", "keras", "addons") if LEGACY else ("exact", "keras")
VECTORS = {"exact": "right", "keras": "vector_u", "addons": "u"}


def wrapped(layer: keras.layers.Layer, implementation: str) -> keras.layers.Layer:
    if implementation == "keras":
        return keras.layers.SpectralNormalization(layer, dtype="float32")
    return spectral_normalize(layer, implementation)


def built(layer: keras.layers.Layer, implementation: str, x: tf.Tensor) -> keras.layers.Layer:
    """The wrapped layer, its power iteration about to start at the same vector in all implementations."""
    normalised = wrapped(layer, implementation)
    normalised(x)
    vector = getattr(normalised, VECTORS[implementation])
    vector.assign(np.linspace(1, 2, int(tf.size(vector)), dtype=np.float32).reshape(vector.shape))
    return normalised


@pytest.mark.parametrize(("make", "shape"), CASES, ids=["dense", "convolution"])
def test_the_implementations_agree_call_by_call_while_no_optimizer_moves_the_kernel(make, shape):
    x = inputs_for(shape)
    modes = True, False, True, True, False
    layers = [built(make(), implementation, x) for implementation in COMPARED]
    reference, *others = [[layer(x, training=training).numpy() for training in modes] for layer in layers]
    assert np.abs(reference[0] - reference[-1]).max() > 1e-4  # The iteration is under way.
    for outputs in others:
        np.testing.assert_allclose(outputs, reference, atol=1e-5)


def called(implementation, times, make=dense, shape=(4, 7)):
    """A layer, its wrapper after so many training calls, their input, and the kernel before them."""
    layer, x = make(), inputs_for(shape)
    normalised = built(layer, implementation, x)
    before = layer.kernel.numpy()
    for _ in range(times):
        normalised(x, training=True)
    return layer, normalised, x, before


@pytest.mark.parametrize("implementation", COMPARED)
def test_who_overwrites_the_kernel(implementation):
    layer, _, _, before = called(implementation, 60)
    expected = before if implementation == "exact" else before / sigma_of(before)
    np.testing.assert_allclose(layer.kernel.numpy(), expected, atol=1e-4)


@pytest.mark.parametrize(("make", "shape"), CASES, ids=["dense", "convolution"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("implementation", COMPARED)
def test_whose_gradient_passes_through_sigma(implementation, training, make, shape):
    layer, normalised, x, kernel = called(implementation, 100, make, shape)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(normalised(x, training=training))
    gradient = tape.gradient(value, layer.kernel).numpy()

    plain_layer = make()
    plain_layer(x)
    plain_layer.kernel.assign(kernel)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(plain_layer(x))
    plain = tape.gradient(value, plain_layer.kernel).numpy()
    left, sigmas, right = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), full_matrices=False)
    leading = np.outer(left[:, 0], right[0]).reshape(kernel.shape)
    through = plain - np.sum(plain * kernel / sigmas[0]) * leading
    # The addons' kernel has been overwritten by one of sigma 1, and only training calls take a sigma.
    expected = {"exact": through / sigmas[0], "keras": plain, "addons": through if training else plain}
    np.testing.assert_allclose(gradient, expected[implementation], atol=1e-3 * np.abs(plain).max())


@pytest.mark.parametrize("implementation", COMPARED)
def test_what_a_zero_kernel_gives(implementation):
    layer = keras.layers.Dense(3, kernel_initializer="zeros", bias_initializer="ones")
    outputs = wrapped(layer, implementation)(tf.ones((2, 4)), training=True).numpy()
    if implementation == "addons":
        assert np.isnan(outputs).all()
    else:
        np.testing.assert_array_equal(outputs, np.ones((2, 3)))


@pytest.mark.parametrize("library", [keras, addons] if LEGACY else [keras], ids=lambda library: library.__name__)
def test_the_libraries_wrappers_take_a_transposed_kernel_by_its_inputs(library):
    layer = keras.layers.Conv2DTranspose(4, 3, 2, "same", kernel_initializer=normal(0))
    x = inputs_for((1, 4, 4, 6))
    normalised = library.layers.SpectralNormalization(layer)
    for _ in range(60):
        normalised(x, training=True)
    kernel = layer.kernel.numpy()  # (rows, columns, outputs, inputs)
    assert sigma_of(kernel) == pytest.approx(1, abs=1e-3)
    assert sigma_of(np.moveaxis(kernel, 2, 3)) > 1.1


@pytest.mark.parametrize("implementation", SPECTRAL_NORMS)
def test_the_kernel_keeps_its_precision_under_mixed_precision(implementation):
    layer = keras.layers.Dense(5, kernel_initializer=normal(0), dtype="mixed_float16")
    spectral_normalize(layer, implementation)(inputs_for((4, 7)), training=True)
    kernel = layer.kernel.numpy()
    assert kernel.dtype == np.float32
    assert np.any(kernel != kernel.astype(np.float16))
